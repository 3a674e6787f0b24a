"""Spark's standalone cluster from PySpark's own jars: a master and two workers, reachable from this machine only."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyspark

from tests.conftest import wait_for

SPARK_HOME = Path(pyspark.__file__).parent
WORKERS = 2
STOP_SECONDS = 20


@contextmanager
def standalone_cluster(folder: Path) -> Iterator[str]:
    """The cluster's address. Each worker has one core, so that each executor has one."""
    with ExitStack() as running:
        master = running.enter_context(
            daemon(folder / "master.log", "master.Master", "--port", "0", "--webui-port", "0")
        )
        address = wait_for(lambda: said(master, r"Starting Spark master at (spark://\S+)"), 60, "the master")
        for number in range(WORKERS):
            size = ("--cores", "1", "--memory", "600m", "--work-dir", str(folder / f"worker-{number}"))
            log = folder / f"worker-{number}.log"
            worker = running.enter_context(daemon(log, "worker.Worker", *size, "--webui-port", "0", address))
            wait_for(lambda log=worker: said(log, "(Successfully registered)"), 60, "a worker")  # type: ignore[misc]
        yield address


@contextmanager
def daemon(log: Path, name: str, *arguments: str) -> Iterator[Path]:
    """Runs a class of `org.apache.spark.deploy`; what it says goes to `log`. Its end is the end of its executors."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                SPARK_HOME / "bin" / "spark-class",
                f"org.apache.spark.deploy.{name}",
                *("--host", "127.0.0.1"),
                *arguments,
            ],
            env=os.environ
            | {
                "SPARK_HOME": str(SPARK_HOME),
                "SPARK_DAEMON_MEMORY": "128m",
                "SPARK_DAEMON_JAVA_OPTS": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
                "SPARK_LOCAL_IP": "127.0.0.1",
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield log
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def said(log: Path, pattern: str) -> str:
    """What the first group of the pattern stands for in the log; empty until it stands there."""
    found = re.search(pattern, log.read_text())
    return found[1] if found else ""
