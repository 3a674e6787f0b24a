"""What a process writes to its log with the product's settings."""

import os
import subprocess
import sys
from pathlib import Path

from tests.config.test_settings import COMPLETE, ROOT

ASK_AS_ANOTHER_HOST = """
import django
django.setup()
from django.test import Client
print(Client(raise_request_exception=False).get("/healthz", HTTP_HOST="evil.example").status_code)
"""
LOG_AS_A_WORKER = """
import logging
import django
from config.celery import app
django.setup()
app.log.setup(loglevel="INFO")
for name in ("celery.worker.strategy", "celery.app.trace"):
    logging.getLogger(name).info("Task streaming.tasks.sample_metrics received or succeeded")
    logging.getLogger(name).error("%s failed", name)
logging.getLogger("streaming.tasks").info("Kafka answers again")
"""


def run(script: str, home: Path) -> subprocess.CompletedProcess[str]:
    known = {"PATH": os.environ["PATH"], "TRIBUTARY_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-c", script],
        env=known | COMPLETE | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )


def test_another_host_is_one_line_that_says_what_to_set(tmp_path: Path) -> None:
    ended = run(ASK_AS_ANOTHER_HOST, tmp_path)

    assert ended.stdout == "400\n"
    (line,) = ended.stderr.splitlines()
    assert "evil.example" in line
    assert "ALLOWED_HOSTS" in line


def test_a_worker_tells_what_failed_and_not_each_task(tmp_path: Path) -> None:
    said = run(LOG_AS_A_WORKER, tmp_path).stderr

    assert "received or succeeded" not in said
    assert "celery.worker.strategy failed" in said
    assert "celery.app.trace failed" in said
    assert "Kafka answers again" in said
