"""Work that goes on by itself: what fails is said once and tried again; a turn is one's own until it is given back."""

import threading

import pytest
from confluent_kafka import KafkaError, KafkaException

from tracking.delivery import steps
from tracking.delivery.steps import close_session, run_steps
from tracking.delivery.turn import Turn

pytestmark = pytest.mark.django_db(transaction=True)


class Recorded(steps.Work):
    """Does or fails as it is told, and stops after that."""

    def __init__(self, *outcomes: Exception | int) -> None:
        self.outcomes = list(outcomes)
        self.stopping = threading.Event()
        self.calls: list[str] = []

    def step(self) -> int:
        outcome = self.outcomes.pop(0)
        if not self.outcomes:
            self.stopping.set()
        self.calls.append("step")
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def begin_anew(self) -> None:
        self.calls.append("begin anew")

    def end(self) -> None:
        self.calls.append("end")


def away() -> KafkaException:
    return KafkaException(KafkaError(KafkaError._ALL_BROKERS_DOWN))


def test_an_outage_is_said_once_and_passes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(steps, "RETRY_SECONDS", 0)
    work = Recorded(away(), away(), 1, away(), 1)
    run_steps(work, work.stopping, complaint="It waits", idle_seconds=60)
    assert work.calls == ["step", "begin anew"] * 2 + ["step"] + ["step", "begin anew"] + ["step", "end"]
    assert [record.message.partition(":")[0] for record in caplog.records] == ["It waits", "It waits"]


def test_what_is_no_outage_is_not_hidden() -> None:
    work = Recorded(ValueError("a defect"))
    with pytest.raises(ValueError, match="a defect"):
        run_steps(work, work.stopping, complaint="It waits", idle_seconds=0)


def is_anothers(name: str, holding: threading.Event | None = None) -> bool:
    """Whether another session gets the turn; with `holding` it keeps it until that is set."""
    got: list[bool] = []
    asked = threading.Event()

    def ask() -> None:
        got.append(Turn(name).is_mine())
        asked.set()
        if holding is not None:
            holding.wait(10)
        close_session()

    thread = threading.Thread(target=ask)
    thread.start()
    asked.wait(10)
    if holding is None:
        thread.join(10)
    return got[0]


def test_a_turn_is_one_session_s_until_it_is_closed() -> None:
    turn = Turn("test_steps")
    assert turn.is_mine()
    assert turn.is_mine()
    assert not is_anothers("test_steps")
    close_session()
    assert is_anothers("test_steps")


def test_who_lost_its_session_has_no_turn() -> None:
    turn, holding = Turn("test_steps"), threading.Event()
    assert turn.is_mine()
    close_session()
    try:
        assert is_anothers("test_steps", holding)
        assert not turn.is_mine()
    finally:
        holding.set()
        close_session()
