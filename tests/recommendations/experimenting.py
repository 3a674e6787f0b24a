"""Experiments as the admin makes them: a control "a" and challengers "b", "c", ..., running from START on."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Model

from recommendations.experiments.models import Experiment, ExperimentArm
from tests.conftest import Connection
from tests.recommendations.folding import START


def experiment_of(
    name: str = "more pictures",
    shares: tuple[int, ...] = (50, 50),
    starts_at: datetime | None = START,
    stops_at: datetime | None = None,
    **changes: Any,
) -> tuple[Experiment, list[ExperimentArm]]:
    """Not saved yet."""
    given = {
        "hypothesis": "more clicks",
        "baseline": 0.1,
        "effect": 0.5,
        "list_ids": ["home"],
        "salt": f"salt of {name}",
        "window": timedelta(hours=24),
    } | changes
    experiment = Experiment(name=name, starts_at=starts_at, stops_at=stops_at, **given)
    arms = [
        ExperimentArm(
            experiment=experiment,
            name="abcdef"[number],
            control=number == 0,
            share=share,
            model="" if number == 0 else f"model-{number}",
        )
        for number, share in enumerate(shares)
    ]
    return experiment, arms


def running(name: str = "more pictures", **changes: Any) -> Experiment:
    """Saved in the test's transaction."""
    experiment, arms = experiment_of(name, **changes)
    experiment.save()
    for arm in arms:
        arm.experiment = experiment
        arm.save()
    return experiment


def committed(model: Connection, **changes: Any) -> Experiment:
    """Saved by the connection that commits, so that its folds see it."""
    experiment, arms = experiment_of(**changes)
    experiment.pk = _insert(model, experiment)
    for arm in arms:
        arm.experiment = experiment
        _insert(model, arm)
    return experiment


def _insert(model: Connection, row: Model) -> int:
    fields = [field for field in row._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    found = model.execute(
        f"INSERT INTO {row._meta.db_table} ({columns}) VALUES ({', '.join(['%s'] * len(values))}) RETURNING id",
        values,
    ).fetchone()
    assert found is not None
    return int(found[0])
