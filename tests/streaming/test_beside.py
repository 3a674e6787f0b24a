"""Second models: with parameters of their own, caught up exactly once, promoted and back, dropped."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from recommendations.models import Model
from streaming.rebuild import beside, log
from streaming.rebuild.catching_up import Unwatched
from streaming.rebuild.decoding import Batch
from streaming.rebuild.shadow import Shadow
from streaming.tasks import catch_models_up, promote_model
from tests.streaming.live import Live, live, of

__all__ = ["live"]


def rebuild(*options: str) -> str:
    output = io.StringIO()
    call_command("rebuild", *options, stdout=output)
    return output.getvalue()


PAIRS = "SELECT product_id || other_id FROM recommendations_pair ORDER BY 1"
SIMILAR = "SELECT product_id, other_ids FROM recommendations_similarproducts ORDER BY 1"


def test_a_second_model_has_weights_and_times_of_its_own(live: Live) -> None:
    live.look("v: a b", ago=timedelta(days=20))
    live.look("w: a c", event="Product Clicked")
    since = (datetime.now(UTC) - timedelta(days=5)).isoformat()
    told = rebuild("--name", "new", "--since", since, "--half-life", "30d", "--weight", "Product Clicked=0.7")
    assert "stands beside the live one" in told

    assert of("new", live.connection, PAIRS) == [("ac",), ("ca",)]
    assert of("live", live.connection, PAIRS) == [("ab",), ("ac",), ("ba",), ("ca",)]
    assert of("new", live.connection, SIMILAR) == [("a", ["c"]), ("c", ["a"])]
    weights = of(
        "new",
        live.connection,
        "SELECT weight, reason FROM recommendations_eventweight WHERE event LIKE '%icked'",
    )
    assert weights == [(0.7, "viewed")]
    parameters = of("new", live.connection, "SELECT half_life, lookback FROM recommendations_parameters")
    assert parameters == [(timedelta(days=30), 5)]
    assert Model.objects.get(name="new").parameters["half_life"] == "30d"


def test_it_is_kept_caught_up_each_minute(live: Live) -> None:
    live.look("v: a b")
    rebuild("--name", "twin", "--lookback", "5")
    live.look("v: c", "w: a c d")
    live.look("w: e")
    catch_models_up()
    catch_models_up()
    assert of("twin", live.connection, PAIRS) == of("live", live.connection, PAIRS)
    similar: dict[str, list[str]] = dict(of("twin", live.connection, SIMILAR))
    assert set(similar["e"]) == {"a", "c", "d"}
    assert of("twin", live.connection, "SELECT count(*) FROM recommendations_foldedminute") == [(0,)]
    assert live.connection.execute("SELECT count(*) FROM recommendations_changedvisitor").fetchone() != (0,)


def test_whoever_dies_while_it_is_made_leaves_what_the_next_goes_on_with(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "BATCH_RECORDS", 3)
    live.look("v: a b c d", "w: a b e f", "x: c a d b")
    live.look("v: a")
    fold, folds = Shadow.fold, 0

    def die_in_the_third(shadow: Shadow, batch: Batch, *, lists: bool = False) -> None:
        nonlocal folds
        folds += 1
        fold(shadow, batch, lists=lists)
        if folds == 3:
            raise RuntimeError("killed")

    monkeypatch.setattr(Shadow, "fold", die_in_the_third)
    with pytest.raises(RuntimeError, match="killed"):
        rebuild("--name", "twin", "--half-life", "60d")
    assert Model.objects.get(name="twin").state == Model.State.FOLDING
    assert 0 < sum(Model.objects.get(name="twin").positions.values()) < live.events

    catch_models_up()

    model = Model.objects.get(name="twin")
    assert (model.state, sum(model.positions.values())) == (Model.State.READY, live.events)
    counts = "SELECT product_id, count(*) FROM recommendations_visitorevent GROUP BY product_id ORDER BY 1"
    assert of("twin", live.connection, counts) == of("live", live.connection, counts)
    weight = (
        "SELECT round((positive / recommendations_growth(now(), landmark, half_life))::numeric, 4)"
        " FROM recommendations_productcount, recommendations_parameters ORDER BY product_id"
    )
    assert of("twin", live.connection, weight) == of("live", live.connection, weight)


def test_promoted_and_back(live: Live) -> None:
    live.look("v: a b", ago=timedelta(days=20))
    live.look("w: a c", "w: d")
    since = (datetime.now(UTC) - timedelta(days=5)).isoformat()
    rebuild("--name", "new", "--since", since)
    live.look("w: e")
    promote_model("new")

    names = dict(Model.objects.values_list("name", "parameters"))
    assert set(names) == {"live", "before-new"}
    assert set(names["live"]) == {"since"}
    assert of("live", live.connection, PAIRS) == [
        (p,) for p in sorted(x + y for x in "acde" for y in "acde" if x != y)
    ]
    lists: dict[str, list[str]] = dict(
        live.connection.execute("SELECT visitor_id, seen FROM recommendations_visitorlist").fetchall()
    )
    assert lists == {"w": ["e", "d", "c", "a"]}
    assert "Equal" in rebuild("--verify"), "what the model leaves out, a rebuild leaves out"

    live.look("x: a e", "v: f")
    live.look("old: a b", ago=timedelta(days=10))
    assert "Equal" in rebuild("--verify"), "and so does what Spark goes on to fold"
    assert "it was equal" in rebuild()
    catch_models_up()
    promote_model("before-new")
    assert ("ab",) in of("live", live.connection, PAIRS)
    assert ("bf",) in of("live", live.connection, PAIRS)
    assert set(Model.objects.values_list("name", flat=True)) == {"live", "before-before-new"}
    assert "Equal" in rebuild("--verify")


def test_what_cannot_be_promoted_says_why(live: Live) -> None:
    live.look("v: a b")
    rebuild("--name", "ended", "--until", "2026-01-01T00:00:00Z")
    with pytest.raises(beside.RefusedError, match="make one without --until"):
        beside.promote("ended", live.topic, Unwatched())
    with pytest.raises(beside.RefusedError, match="promote another one first"):
        beside.drop("live")


def test_dropped_it_leaves_nothing(live: Live) -> None:
    live.look("v: a b")
    rebuild("--name", "gone", "--recent", "5")
    schema = Model.objects.get(name="gone").schema
    beside.drop("gone")
    assert not Model.objects.filter(name="gone").exists()
    assert live.connection.execute("SELECT to_regnamespace(%s)", (schema,)).fetchone() == (None,)
    assert "Equal" in rebuild("--verify")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--half-life", "30d"], "add --name NAME"),
        (["--verify", "--name", "x"], "leave --name out"),
        (["--name", "x", "--half-life", "soon"], "--half-life: 'soon' is no duration.*write 90m, 12h, 30d"),
        (["--name", "x", "--half-life", "1m"], "from 1h"),
        (["--name", "x", "--since", "2026-01-01"], "RFC 3339 time with its zone"),
        (
            ["--name", "x", "--since", "2026-02-01T00:00:00Z", "--until", "2026-01-01T00:00:00Z"],
            "before --until",
        ),
        (["--name", "x", "--weight", "7"], 'write "Product Clicked=0.7"'),
        (["--name", "x", "--weight", "Product Clicked=nan"], "no number from -1000 to 1000"),
        (["--name", "x", "--recency", "2"], "no number from 0 to 1"),
        (["--name", "x", "--lookback", "0"], "no whole number from 1 to 50"),
        (["--name", "Live model"], "small letters"),
        (["--name", "live"], "is the live one"),
    ],
)
def test_what_is_refused_says_what_to_do(live: Live, options: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        rebuild(*options)
    assert Model.objects.count() == 1
