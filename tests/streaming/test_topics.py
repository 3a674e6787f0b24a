import io

import pytest
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from streaming.topics import TOPICS, ensure_topics, replication, topic_name
from tests.streaming.conftest import wait_for


def settings_of(admin: AdminClient, name: str) -> dict[str, str]:
    resource = ConfigResource(ResourceType.TOPIC, topic_name(name))
    (future,) = admin.describe_configs([resource]).values()
    return {entry.name: entry.value for entry in future.result().values()}


def set_config(admin: AdminClient, name: str, key: str, value: str) -> None:
    entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic_name(name), incremental_configs=[entry])
    (future,) = admin.incremental_alter_configs([resource]).values()
    future.result()


@pytest.fixture
def kafka(settings: Settings) -> AdminClient:
    return AdminClient(settings.KAFKA_CLIENT)


def test_missing_topics_are_created_as_designed(prefix: str, kafka: AdminClient) -> None:
    outcome = ensure_topics()

    assert sorted(outcome.created) == sorted(topic_name(spec.name) for spec in TOPICS)
    found = kafka.list_topics(timeout=10).topics
    factor, _ = replication()
    for spec in TOPICS:
        partitions = found[topic_name(spec.name)].partitions.values()
        assert len(partitions) == spec.partitions
        assert {len(partition.replicas) for partition in partitions} == {factor}
        assert all(partition.leader >= 0 for partition in partitions)
    activity = settings_of(kafka, "activity")
    assert activity["message.timestamp.type"] == "LogAppendTime"
    assert activity["retention.ms"] == "-1"
    assert settings_of(kafka, "recommendations")["retention.ms"] == "3600000"


def test_a_second_run_changes_nothing(topics: str) -> None:
    output = io.StringIO()
    call_command("create_topics", stdout=output)

    assert output.getvalue() == "every topic is as it should be\n"


def test_a_setting_that_a_topic_lacks_is_mended(prefix: str, kafka: AdminClient) -> None:
    for future in kafka.create_topics([NewTopic(topic_name("activity"), 6, 1)]).values():
        future.result()

    outcome = ensure_topics()

    assert "message.timestamp.type" in outcome.mended[topic_name("activity")]
    assert topic_name("activity") not in outcome.created
    # A broker learns of a changed setting a moment after the controller has taken it.
    wait_for(lambda: settings_of(kafka, "activity")["message.timestamp.type"] == "LogAppendTime")


def test_a_setting_that_an_operator_changed_is_left_alone(topics: str, kafka: AdminClient) -> None:
    set_config(kafka, "activity", "retention.ms", "86400000")
    wait_for(lambda: settings_of(kafka, "activity")["retention.ms"] == "86400000")

    assert ensure_topics().mended == {}
    assert settings_of(kafka, "activity")["retention.ms"] == "86400000"


def test_kafka_away_says_where_and_what_to_do(away: str) -> None:
    with pytest.raises(CommandError, match=f"did not answer at {away} within 1 s: start it") as raised:
        call_command("create_topics", "--timeout", "1")
    assert "KAFKA_BOOTSTRAP_SERVERS" in str(raised.value)


def test_too_few_brokers_says_so(prefix: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.topics.REPLICAS", 9)
    settings.KAFKA_BROKERS = 9
    with pytest.raises(CommandError, match="too few brokers for 9 replicas"):
        call_command("create_topics")
