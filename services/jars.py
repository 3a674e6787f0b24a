"""Kafka's jars and those of Spark's Kafka connector, resolved by the Ivy that ships in PySpark.

`python -m services.jars kafka|spark` does nothing when the jars are there. They belong to the checkout,
whatever TRIBUTARY_HOME says.
"""

import fcntl
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.home import CHECKOUT
from services.machine import MachineError, find_java

KAFKA = "4.3.1"
SPARK = "4.2.0"
LOG4J = "2.25.4"
"""The binding that makes Kafka's log4j speak; its version follows the log4j-core that Kafka brings."""

FOLDER = CHECKOUT / ".local" / "jars"
DEPENDENCIES = {
    "kafka": (
        ("org.apache.kafka", "kafka_2.13", KAFKA),
        ("org.apache.kafka", "kafka-tools", KAFKA),
        ("org.apache.logging.log4j", "log4j-slf4j-impl", LOG4J),
    ),
    "spark": (("org.apache.spark", "spark-sql-kafka-0-10_2.13", SPARK),),
}
SHIPPED = {"kafka": (), "spark": ("org.apache.hadoop", "org.scala-lang", "org.slf4j")}
"""Organisations whose jars Spark has already, in the versions that it wants."""

MODULE = """<ivy-module version="2.0">
  <info organisation="tributary" module="{name}"/>
  <configurations><conf name="default"/></configurations>
  <dependencies defaultconfmapping="default->default">
{lines}
  </dependencies>
</ivy-module>
"""


class JarsError(Exception):
    """The jars could not be resolved; the message says why."""


def jars(name: str) -> list[Path]:
    return sorted((FOLDER / name).glob("*.jar"))


def resolve(name: str) -> bool:
    """Fetches the jars of `name`; False when they were there in the pinned versions."""
    folder = FOLDER / name
    wanted = ivy_module(name)
    with one_at_a_time():
        if (folder / "ivy.xml").exists() and (folder / "ivy.xml").read_text() == wanted:
            return False
        draft = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=FOLDER))
        try:
            (draft / "ivy.xml").write_text(wanted)
            retrieve(name, draft)
            shutil.rmtree(folder, ignore_errors=True)
            draft.rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return True


def ivy_module(name: str) -> str:
    """What Ivy is to resolve; kept beside the jars, it tells whether they are the right ones."""
    lines = [f'    <dependency org="{o}" name="{n}" rev="{v}"/>' for o, n, v in DEPENDENCIES[name]]
    lines += [f'    <exclude org="{organisation}"/>' for organisation in SHIPPED[name]]
    return MODULE.format(name=name, lines="\n".join(lines))


def retrieve(name: str, folder: Path) -> None:
    pattern = f"{folder}/[artifact]-[revision].[ext]"
    command = [find_java(), "-jar", str(ivy()), "-ivy", str(folder / "ivy.xml")]
    command += ["-confs", "default", "-types", "jar", "bundle", "-retrieve", pattern]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    report = outcome.stdout + outcome.stderr
    if outcome.returncode or not any(folder.glob("*.jar")) or "UNRESOLVED DEPENDENCIES" in report:
        raise JarsError(
            f"The jars of {name} could not be resolved (Ivy's exit code {outcome.returncode}). Check the "
            f"network and the proxy (JAVA_TOOL_OPTIONS), then run the same command again; what was fetched "
            f"is kept. Ivy's last lines:\n" + "\n".join(report.splitlines()[-15:])
        )


def ivy() -> Path:
    import pyspark

    found = sorted((Path(pyspark.__file__).parent / "jars").glob("ivy-*.jar"))
    if not found:
        raise JarsError("PySpark has no Ivy in its jars folder: run `make setup` to install it anew.")
    return found[-1]


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Ivy's cache is shared by all checkouts of a user and takes one writer at a time."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    cache = Path.home() / ".ivy2"
    cache.mkdir(exist_ok=True)
    with (cache / "tributary.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(name: str) -> int:
    try:
        fetched = resolve(name)
    except (JarsError, MachineError) as error:
        print(error, flush=True)
        return 1
    print(f"{len(jars(name))} jars of {name} {'resolved' if fetched else 'are there'}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
