"""Second models beside the live one: made, kept caught up, promoted and dropped.

How far a model has been folded stands in its row of the registry, and moves in the transaction of each fold: whoever
dies in the middle of anything leaves a model that the next catching up goes on with.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import uuid4

import psycopg
from psycopg.types.json import Jsonb

from recommendations.experiments.lifecycle import experiment_with
from recommendations.experiments.models import ExperimentArm
from recommendations.models import Model
from streaming.jobs.fold import Connection
from streaming.rebuild import ledger
from streaming.rebuild.catching_up import QUERY, Follower, Steps
from streaming.rebuild.decoding import Batch
from streaming.rebuild.lists import derive_similar_products
from streaming.rebuild.parameters import NAME, Asked, apply
from streaming.rebuild.shadow import Shadow, clean_up, connect
from streaming.rebuild.tables import create_indexes, create_tables, drop_tables

REBUILD: Final = "rebuild"
"""The schema of the shadow; whoever is about to replace the live model holds its lock."""


class RefusedError(Exception):
    """What was asked for cannot be done with this model; the message says what can."""


class BusyModelError(Exception):
    """Somebody else works on this model."""


@contextmanager
def locked(connection: Connection, schema: str, message: str, seconds: float = 0) -> Iterator[None]:
    """Only one works on a model at a time. Raises BusyModelError where another has it for longer than `seconds`."""
    key = ("recommendations_model", schema)
    if seconds:
        try:
            with connection.transaction():
                connection.execute("SELECT set_config('lock_timeout', %s, true)", (f"{seconds}s",))
                connection.execute("SELECT pg_advisory_lock(hashtext(%s), hashtext(%s))", key)
        except psycopg.errors.LockNotAvailable as error:
            raise BusyModelError(message) from error
    elif connection.execute("SELECT pg_try_advisory_lock(hashtext(%s), hashtext(%s))", key).fetchone() != (
        True,
    ):
        raise BusyModelError(message)
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(hashtext(%s), hashtext(%s))", key)


def make(name: str, asked: Asked) -> Model:
    """Registers a model and makes its empty tables. Raises RefusedError."""
    if not NAME.fullmatch(name) or name == Model.LIVE:
        raise RefusedError(
            f"{name!r} cannot be a model's name: it takes up to 30 small letters, digits and -, a letter first, and"
            f" {Model.LIVE!r} is the live one."
        )
    schema = f"model_{name.replace('-', '_')}_{uuid4().hex[:4]}"
    with connect() as connection, connection.transaction():
        registered = connection.execute(
            "INSERT INTO recommendations_model (name, schema, kind, state, parameters, positions, error)"
            " VALUES (%s, %s, %s, %s, %s, '{}', '') ON CONFLICT DO NOTHING RETURNING name",
            (name, schema, Model.Kind.FOLD, Model.State.FOLDING, Jsonb(asked.as_json())),
        ).fetchone()
        if registered is None:
            raise RefusedError(
                f"There is a model {name!r} already: choose another name, or drop that one first."
            )
        create_tables(connection, schema, use=False)
        apply(connection, schema, asked)
        connection.execute("SET LOCAL synchronous_commit = on")
    return Model.objects.get(name=name)


def catch_up(name: str, topic: str, steps: Steps, until: float = math.inf) -> None:
    """Folds what the live model has and this one has not, and derives the similar products that it touched.

    A model that is new reads the whole log first, and then derives all of them. Raises BusyModelError.
    """
    with connect() as connection:
        model = Model.objects.get(name=name)
        with locked(connection, model.schema, f"Somebody else works on the model {name!r} at this moment."):
            model.refresh_from_db()
            follower = follow(connection, model, topic, steps)
            watermarks = ledger.watermarks(connection, QUERY, topic)
            follower.catch_up("Folding the log", until=until)
            if time.monotonic() > until:
                return
            if model.state == Model.State.FOLDING:
                follower.shadow.settle()
                create_indexes(connection, model.schema)
                _move_on(connection, model, Model.State.DERIVING)
            if model.state == Model.State.DERIVING:
                with steps.step("Similar products", None) as advance:
                    for products in derive_similar_products(connection):
                        advance(products)
            clean_up(connection, watermarks)
            connection.execute(
                "UPDATE recommendations_model SET state = %s, caught_up_at = now(), error = '' WHERE name = %s",
                (Model.State.READY, name),
            )


def follow(connection: Connection, model: Model, topic: str, steps: Steps) -> Follower:
    """A follower that writes down its positions with each fold, and derives what the fold touched."""
    positions = {int(partition): int(offset) for partition, offset in model.positions.items()}
    follower = Follower(Shadow(connection, model.schema), topic, steps, positions)

    def landed(batch: Batch) -> None:
        before = {str(p): offset for p, offset in follower.positions.items()}
        after = before | {str(p): offset for p, offset in batch.ends.items()}
        moved = connection.execute(
            "UPDATE recommendations_model SET positions = %s WHERE name = %s AND positions = %s",
            (Jsonb(after), model.name, Jsonb(before)),
        )
        if moved.rowcount != 1:
            raise BusyModelError(
                f"Somebody else moved the model {model.name!r} on; nothing was folded twice."
            )
        if model.state != Model.State.FOLDING:
            connection.execute(
                "SELECT recommendations_derive_similar(ARRAY(SELECT product_id FROM touched_product),"
                " clock_timestamp())"
            )

    follower.landed = landed
    return follower


def promote(name: str, topic: str, steps: Steps) -> str:
    """Makes the model the live one; the live one is kept under another name, which is returned.

    Raises RefusedError, BusyModelError, BusyError.
    """
    model = Model.objects.get(name=name)
    if refusal := why_not_promoted(model):
        raise RefusedError(refusal)
    kept = _name_for_the_old_one(name)
    with connect() as connection:
        busy = "Another rebuild or promotion runs against this database: wait until it has ended."
        with locked(connection, REBUILD, busy), locked(connection, model.schema, busy, seconds=60):
            model.refresh_from_db()
            follower = follow(connection, model, topic, steps)
            follower.catch_up_closely("Folding the log")
            connection.execute("DELETE FROM recommendations_visitorlist")
            follower.derive_lists()

            def change_names(connection: Connection) -> None:
                rows: dict[str, Any] = dict(
                    connection.execute(
                        "SELECT name, parameters FROM recommendations_model WHERE name IN (%s, %s) FOR UPDATE",
                        (name, Model.LIVE),
                    ).fetchall()
                )
                connection.execute(
                    "UPDATE recommendations_model SET parameters = %s WHERE name = %s",
                    (Jsonb(rows[name]), Model.LIVE),
                )
                connection.execute(
                    "UPDATE recommendations_model SET name = %s, parameters = %s, state = %s, error = '',"
                    " created_at = now(), caught_up_at = now(), positions = %s WHERE name = %s",
                    (
                        kept,
                        Jsonb(rows[Model.LIVE]),
                        Model.State.READY,
                        Jsonb({str(p): offset for p, offset in follower.positions.items()}),
                        name,
                    ),
                )

            follower.swap(change_names, use=False)
            connection.execute("DELETE FROM recommendations_visitorlist")
            connection.execute("DELETE FROM recommendations_changedvisitor")
    return kept


def why_not_promoted(model: Model) -> str:
    """Why the model cannot be the live one, and what can be done; empty where it can."""
    if model.name == Model.LIVE:
        return "This is the live model."
    if model.kind != Model.Kind.FOLD:
        return (
            "A model of this kind has no facts that events could be folded into: give it a share of the visitors in"
            " an experiment."
        )
    if "until" in model.parameters:
        return "A model that ends would learn nothing new: make one without --until."
    if model.state in (Model.State.FOLDING, Model.State.DERIVING):
        return "The model is still being made: wait until it is ready."
    if experiment := experiment_with(model.name):
        return f"The experiment “{experiment}” compares it with the live one: stop that first."
    return ""


def why_not_dropped(model: Model) -> str:
    """Why the model cannot go, and what can be done; empty where it can."""
    if model.name == Model.LIVE:
        return "The live model cannot be dropped: promote another one first."
    shown = ExperimentArm.objects.filter(
        model=model.name, experiment__starts_at__isnull=False, experiment__stops_at__isnull=True
    ).first()
    if shown is not None:
        return f"Visitors of the experiment “{shown.experiment}” are shown its lists: stop that first."
    return ""


def drop(name: str) -> None:
    """Raises RefusedError, BusyModelError."""
    model = Model.objects.get(name=name)
    if refusal := why_not_dropped(model):
        raise RefusedError(refusal)
    with connect() as connection:
        busy = f"The model {name!r} is being worked on: try again in a minute."
        with locked(connection, model.schema, busy, seconds=5), connection.transaction():
            connection.execute("SET LOCAL lock_timeout = '5s'")
            try:
                drop_tables(connection, model.schema)
            except psycopg.errors.LockNotAvailable as error:
                raise BusyModelError(busy) from error
            connection.execute("DELETE FROM recommendations_model WHERE name = %s", (name,))


def _move_on(connection: Connection, model: Model, state: Model.State) -> None:
    connection.execute("UPDATE recommendations_model SET state = %s WHERE name = %s", (state, model.name))
    model.state = state


def _name_for_the_old_one(name: str) -> str:
    taken = set(Model.objects.values_list("name", flat=True))
    names = (f"before-{name}"[:36] + (f"-{number}" if number else "") for number in range(1000))
    return next(each for each in names if each not in taken)
