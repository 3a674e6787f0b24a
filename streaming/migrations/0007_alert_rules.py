"""The rules that a new installation begins with; operators change them."""

from typing import Any

from django.db import migrations

RULES = [
    ("Spark is behind", "lag_events", "", "above", 10_000, 60, True),
    ("A Spark query is silent", "query_silent_seconds", "", "above", 30, 30, True),
    ("Replicas are not in sync", "under_replicated_partitions", "", "above", 0, 60, True),
    ("Partitions have no leader", "leaderless_partitions", "", "above", 0, 15, True),
    ("Kafka does not answer", "kafka_up", "", "below", 1, 15, True),
    ("The spool does not drain", "spool_age_seconds", "", "above", 60, 30, True),
    ("Clicks reach the model late", "freshness_seconds_p99", "", "above", 10, 60, True),
    ("Clicks reach open pages late", "page_freshness_seconds_p99", "", "above", 10, 60, True),
    ("Changed lists are not told", "outbox_depth", "", "above", 1_000, 60, True),
    ("Nothing is measured", "kafka_up", "", "absent", 0, 60, True),
    # Not every shop has a visitor in each quarter of an hour.
    ("No events come", "collected_per_second", "accepted", "below", 0.001, 900, False),
]


def add_rules(apps: Any, schema_editor: Any) -> None:
    rule = apps.get_model("streaming", "AlertRule")
    for name, metric, label, condition, threshold, seconds, is_active in RULES:
        rule.objects.create(
            name=name,
            metric=metric,
            label=label,
            condition=condition,
            threshold=threshold,
            seconds=seconds,
            is_active=is_active,
        )


class Migration(migrations.Migration):
    dependencies = [("streaming", "0006_alerts")]

    operations = [migrations.RunPython(add_rules, migrations.RunPython.noop)]
