"""What the Spark application is told: the environment first, else the addresses of the embedded stack."""

import json
import os
import shlex
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

SASL_LOGIN_MODULES = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
}
KAFKA_CONNECTOR = "org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where the application reads from and writes to, and how large its steps are."""

    database_url: str
    kafka: dict[str, str]
    """Options of Spark's Kafka source, with their `kafka.` prefix."""
    master: str = "local[*]"
    jars: str = ""
    """The connector's jars, comma-separated; without them Spark resolves the connector itself."""
    topic_prefix: str = ""
    checkpoints: Path = Path("/tmp/tributary-checkpoints")  # noqa: S108
    trigger: str = "100 milliseconds"
    max_events: int = 10_000
    """Records of one micro-batch at the most: what bounds the driver's memory and a batch's time."""
    patience: timedelta = timedelta(milliseconds=200)
    """How long a batch derives lists; what is left then waits, so that the log does not."""
    extra: dict[str, str] = field(default_factory=dict)
    """Settings of Spark's own, as its documentation names them; they win over those in `session.py`."""


def settings_from_environment() -> Settings:
    """Reads the environment.

    Raises SystemExit with the name of the variable where an address is neither set nor known.
    """
    home = Path(os.environ.get("TRIBUTARY_HOME") or ".local").resolve()
    return Settings(
        database_url=_address("DATABASE_URL", "database_url", home),
        kafka=_kafka_options(_address("KAFKA_BOOTSTRAP_SERVERS", "kafka", home)),
        master=os.environ.get("SPARK_MASTER") or "local[*]",
        jars=os.environ.get("SPARK_JARS", ""),
        topic_prefix=os.environ.get("KAFKA_TOPIC_PREFIX", ""),
        checkpoints=Path(os.environ.get("CHECKPOINT_DIR") or home / "data" / "checkpoints").resolve(),
        trigger=os.environ.get("SPARK_TRIGGER") or Settings.trigger,
        max_events=int(os.environ.get("SPARK_MAX_EVENTS_PER_BATCH") or Settings.max_events),
        patience=timedelta(milliseconds=int(os.environ.get("SPARK_LISTS_MS_PER_BATCH") or 200)),
        extra=_spark_options(os.environ.get("SPARK_CONF", "")),
    )


def _address(variable: str, key: str, home: Path) -> str:
    if value := os.environ.get(variable):
        return value
    try:
        return str(json.loads((home / "stack.json").read_text())[key])
    except (OSError, ValueError, KeyError) as error:
        raise SystemExit(
            f"{variable} is not set and no embedded stack has been set up in {home}: "
            f"run `make up`, or set {variable} to your own server."
        ) from error


def _spark_options(text: str) -> dict[str, str]:
    """`spark.executor.memory=2g "spark.executor.extraJavaOptions=-XX:+UseG1GC -Xss2m"` as a shell would split it."""
    words = shlex.split(text)
    if wrong := [word for word in words if not word.startswith("spark.") or "=" not in word]:
        raise SystemExit(f"SPARK_CONF holds {wrong[0]!r}: it takes words such as spark.executor.memory=2g.")
    return dict(word.split("=", 1) for word in words)


def _kafka_options(bootstrap_servers: str) -> dict[str, str]:
    options = {"kafka.bootstrap.servers": bootstrap_servers}
    if protocol := os.environ.get("KAFKA_SECURITY_PROTOCOL"):
        options["kafka.security.protocol"] = protocol
    if mechanism := os.environ.get("KAFKA_SASL_MECHANISM"):
        if mechanism not in SASL_LOGIN_MODULES:
            raise SystemExit(
                f"KAFKA_SASL_MECHANISM={mechanism!r}: it accepts {', '.join(SASL_LOGIN_MODULES)}."
            )
        username, password = (
            json.dumps(os.environ.get(f"KAFKA_SASL_{part}", "")) for part in ("USERNAME", "PASSWORD")
        )
        options["kafka.sasl.mechanism"] = mechanism
        options["kafka.sasl.jaas.config"] = (
            f"{SASL_LOGIN_MODULES[mechanism]} required username={username} password={password};"
        )
    if authority := os.environ.get("KAFKA_SSL_CAFILE"):
        options |= {"kafka.ssl.truststore.type": "PEM", "kafka.ssl.truststore.location": authority}
    if certificate := os.environ.get("KAFKA_SSL_CERTFILE"):
        options |= {
            "kafka.ssl.keystore.type": "PEM",
            "kafka.ssl.keystore.certificate.chain": Path(certificate).read_text(),
            "kafka.ssl.keystore.key": Path(os.environ.get("KAFKA_SSL_KEYFILE") or certificate).read_text(),
        }
    return options
