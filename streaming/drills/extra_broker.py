"""A broker of the drill's own, beside those of the embedded stack, and how it goes again."""

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import psutil

from services.home import Home, write_privately
from services.kafka import java
from services.kafka_folders import format_folders, properties
from services.ports import next_free
from streaming.drills.parts import NotHereError
from streaming.drills.stage import Stage
from streaming.operating.joining import Newcomer, own_properties

NUMBER = 4
START_SECONDS = 180.0
APART = 10
"""Ports above the first broker's: within the stack's own block, and nobody else's."""


@asynccontextmanager
async def extra_broker(stage: Stage, folder: Path) -> AsyncIterator[psutil.Process]:
    """Broker 4 with its log in `folder`, counted in by the cluster. Nothing of it is left afterwards."""
    home = stage.parts.home
    file = await asyncio.to_thread(configure, home, folder)
    async with AsyncExitStack() as owing:
        await owing.enter_async_context(stage.debts.owing_aside("forget_broker", number=NUMBER))
        await owing.enter_async_context(stage.debts.owing_aside("remove_folder", folder=str(folder)))
        await owing.enter_async_context(stage.debts.owing_aside("stop_broker", file=str(file)))
        process = await asyncio.to_thread(launch, home, file)
        stage.recording.note(f"Broker {NUMBER} is started (pid {process.pid})")
        await stage.layout.until_brokers(
            lambda brokers: NUMBER in brokers, START_SECONDS, f"broker {NUMBER} is in the cluster"
        )
        stage.recording.note(f"Broker {NUMBER} is in the cluster")
        yield process
    stage.recording.note(f"Broker {NUMBER} is gone again")


def configure(home: Home, folder: Path) -> Path:
    """As the first broker is configured, but no controller. Raises NotHereError."""
    first = home.run / "kafka-1.properties"
    if not first.exists():
        raise NotHereError("The brokers are not of the embedded stack: a drill cannot start one beside them.")
    options = properties(first)
    usual = int(re.findall(r":(\d+)", options["advertised.listeners"])[0])
    newcomer = Newcomer(NUMBER, f"127.0.0.1:{next_free(usual + APART, set())}", str(folder))
    options |= own_properties(newcomer, "PLAINTEXT")
    file = home.run / f"kafka-{NUMBER}.properties"
    write_privately(file, "".join(f"{key}={value}\n" for key, value in options.items()))
    return file


def launch(home: Home, file: Path) -> psutil.Process:
    format_folders([file])
    with home.log("drill-broker").open("ab") as output:
        process = subprocess.Popen(
            java("kafka.Kafka", str(file)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return psutil.Process(process.pid)
