"""The application on a standalone cluster of two workers, told by its environment as an operator tells it."""

import contextlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from streaming.topics import topic_name
from tests.conftest import Connection, spark_jars, wait_for
from tests.recommendations.conftest import database_url
from tests.stack import ROOT
from tests.streaming.spark_cluster import standalone_cluster
from tests.streaming.test_rebuild import produce_log, unequal, verify
from tracking.events import ACTIVITY

EVENT_LOG = "spark.eventLog.enabled=true spark.eventLog.rolling.enabled=false spark.eventLog.compress=false"


@contextlib.contextmanager
def application(environment: dict[str, str], output: Path) -> Iterator[None]:
    """`python -m streaming.jobs.activity`, told to end at the end; it must do that in good order."""
    with output.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streaming.jobs.activity"],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield
        process.terminate()
        assert process.wait(60) == 0, output.read_text()[-2000:]
    finally:
        process.kill()
        process.wait()


def executors_of_tasks(folder: Path) -> Counter[str]:
    """How many tasks ended well on each executor, from the application's event log."""
    (log,) = (file for file in folder.iterdir() if file.is_file())
    events = [json.loads(line) for line in log.read_text().splitlines()]
    return Counter(
        event["Task Info"]["Executor ID"]
        for event in events
        if event["Event"] == "SparkListenerTaskEnd" and event["Task End Reason"]["Reason"] == "Success"
    )


@pytest.mark.timeout(400)
def test_two_workers_fold_the_log_into_the_facts_that_one_process_folds(
    model: Connection, topics: str, settings: Settings, tmp_path: Path
) -> None:
    settings.DATABASE_URL = database_url(model)
    ends = {p: end for p, end in produce_log(topic_name(ACTIVITY)).items() if end}
    history = tmp_path / "history"
    history.mkdir()

    def applied() -> bool:
        rows = model.execute('SELECT partition, "offset" FROM streaming_position WHERE "offset" > 0')
        return dict(rows.fetchall()) == ends

    with standalone_cluster(tmp_path) as master:
        environment = {
            "SPARK_MASTER": master,
            "SPARK_JARS": spark_jars(),
            "SPARK_CONF": f"spark.executor.memory=500m spark.driver.host=127.0.0.1 {EVENT_LOG} "
            f"spark.eventLog.dir={history.as_uri()}",
            "SPARK_MAX_EVENTS_PER_BATCH": "60",
            "DATABASE_URL": settings.DATABASE_URL,
            "KAFKA_TOPIC_PREFIX": topics,
            "CHECKPOINT_DIR": str(tmp_path / "checkpoints"),
        }
        with application(environment, tmp_path / "driver.log"):
            wait_for(applied, 180, "the cluster to fold the log")

    tasks = executors_of_tasks(history)
    assert len(tasks) == 2, f"both workers had tasks: {tasks}"
    assert min(tasks.values()) > 3
    batches = model.execute("SELECT count(*) FROM streaming_batch").fetchone()
    assert batches is not None
    assert batches[0] > 2
    output = verify()
    assert unequal(output) == {}
    assert "Equal" in output
