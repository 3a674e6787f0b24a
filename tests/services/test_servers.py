"""The real servers, one broker: what a crash and a power cut leave behind is mended by the next start."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from confluent_kafka.admin import AdminClient, NewTopic

from services.home import CHECKOUT, Home
from services.kafka_folders import cluster_of
from services.state import PartState, read_state
from tests.services.conftest import processes_of, stack_environment, wait_until


class Servers:
    def __init__(self, home: Home) -> None:
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-m", "services", "servers"],
            cwd=CHECKOUT,
            env=stack_environment(home),
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until(lambda: self.state() == "ready" or self.process.poll() is not None, "it starts", 90)
        assert self.process.poll() is None, home.log("supervisor").read_text()

    def state(self) -> str:
        state = read_state(self.home)
        return state.state if state and state.pid == self.process.pid else "unknown"

    def part(self, name: str) -> PartState:
        state = read_state(self.home)
        assert state is not None
        return next(part for part in state.parts if part.name == name)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("servers") / "home")
    home.create()
    yield home
    for process in processes_of(home):
        process.kill()


def addresses(home: Home) -> dict[str, str]:
    import json

    found: dict[str, str] = json.loads((home.path / "stack.json").read_text())
    return found


def test_servers_survive_kills_and_half_done_folders(home: Home) -> None:
    half_formatted = home.data / "kafka-1" / "meta.properties"
    half_formatted.parent.mkdir()
    half_formatted.write_text("version=1\n")
    (home.data / ".postgres-draft").mkdir()

    servers = Servers(home)
    assert "kafka-1 was half formatted and empty: formatted anew" in home.log("kafka-format").read_text()
    assert cluster_of(home.data / "kafka-1")

    where = addresses(home)
    with psycopg.connect(where["database_url"]) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1)")
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
    assert redis.Redis.from_url(where["valkey_url"]).ping()
    admin = AdminClient({"bootstrap.servers": where["kafka"]})
    admin.create_topics([NewTopic("kept", num_partitions=1)])["kept"].result(10)

    first = servers.part("postgres").pid
    assert first
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: servers.part("postgres").pid not in (None, first), "postgres is started again")
    wait_until(lambda: servers.part("postgres").state == "ready", "postgres is ready again")

    servers.process.kill()
    servers.process.wait()
    wait_until(lambda: not processes_of(home), "nothing is left")

    pretend_that_postgres_pid_is_another_program(home.data / "postgres" / "postmaster.pid")
    servers = Servers(home)
    with psycopg.connect(addresses(home)["database_url"]) as connection:
        assert connection.execute("SELECT n FROM kept").fetchall() == [(1,)]
    topics = AdminClient({"bootstrap.servers": addresses(home)["kafka"]}).list_topics(timeout=10).topics
    assert "kept" in topics

    assert servers.stop() == 0
    assert not processes_of(home)
    assert "is killed" not in home.log("supervisor").read_text()


def pretend_that_postgres_pid_is_another_program(file: Path) -> None:
    _, *rest = file.read_text().splitlines()
    file.write_text("\n".join([str(os.getpid()), *rest]) + "\n")


def test_database_is_closed_to_whoever_lacks_the_password(home: Home) -> None:
    hba = (home.data / "postgres" / "pg_hba.conf").read_text().splitlines()

    methods = {line.split()[-1] for line in hba if line.strip() and not line.startswith("#")}
    assert methods == {"scram-sha-256"}
