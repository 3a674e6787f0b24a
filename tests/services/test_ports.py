import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.home import Home
from services.ports import PortError, choose_ports

NAMES = ["kafka-1", "kafka-controller-1", "postgres", "valkey"]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_home_keeps_its_ports_and_another_has_others(tmp_path: Path) -> None:
    first, _ = choose_ports(Home(tmp_path / "a"), NAMES)
    again, _ = choose_ports(Home(tmp_path / "a"), NAMES)
    other, _ = choose_ports(Home(tmp_path / "b"), NAMES)

    assert first == again
    assert len({*first.values(), *other.values()}) == 2 * len(NAMES)


def test_busy_port_gives_way_to_the_next_free_one(tmp_path: Path) -> None:
    home = Home(tmp_path)
    usual, _ = choose_ports(home, ["postgres"])
    with socket.create_server(("127.0.0.1", usual["postgres"])):
        moved, _ = choose_ports(home, ["postgres", "valkey"])

    assert moved["postgres"] > usual["postgres"]
    assert moved["postgres"] != moved["valkey"]


def test_taken_default_of_the_shop_is_noted(
    tmp_path: Path, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = listener.getsockname()[1]
    monkeypatch.setattr("services.ports.WEB_DEFAULT", taken)
    monkeypatch.delenv("WEB_PORT", raising=False)

    ports, notes = choose_ports(Home(tmp_path), ["web"])

    assert ports["web"] > taken
    assert notes == [
        f"Port {taken} is taken by python (pid {os.getpid()}): the shop uses {ports['web']} instead."
    ]


def test_busy_port_that_was_asked_for_says_who_holds_it_and_what_to_do(
    tmp_path: Path, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = listener.getsockname()[1]
    monkeypatch.setenv("WEB_PORT", str(taken))

    told = rf"Port {taken} \(WEB_PORT\) is taken by \S+ \(pid {os.getpid()}\): stop that program, or set WEB_PORT"
    with pytest.raises(PortError, match=told):
        choose_ports(Home(tmp_path), ["web"])


def test_port_that_was_asked_for_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    monkeypatch.setenv("POSTGRES_PORT", str(free))

    assert choose_ports(Home(tmp_path), ["postgres"])[0] == {"postgres": free}


@pytest.mark.parametrize("raw", ["eighty", "0", "70000", "-1"])
def test_bad_port_names_the_variable_and_what_it_accepts(
    raw: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALKEY_PORT", raw)

    with pytest.raises(
        PortError, match=re.escape(f"VALKEY_PORT={raw!r} is not usable: it accepts a port from 1")
    ):
        choose_ports(Home(tmp_path), ["valkey"])
