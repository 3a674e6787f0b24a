"""Rows as the pipeline writes them."""

from datetime import datetime, timedelta
from uuid import uuid4

from django.utils import timezone
from psycopg.types.range import Int8Range

from recommendations.models import VisitorEvent
from streaming.models import Batch, BatchRange, Position, Query


def add_query(name: str = "activity", **fields: object) -> Query:
    now = timezone.now()
    row = {"checkpoint": "run-1", "host": "here", "pid": 42, "started_at": now, "seen_at": now}
    return Query.objects.create(name=name, **(row | fields))


def apply_batch(
    query: Query,
    topic: str,
    ends: dict[int, int],
    *,
    duplicates: int = 0,
    rejected: int = 0,
    committed_at: datetime | None = None,
    took: timedelta = timedelta(milliseconds=80),
) -> Batch:
    """Moves the positions of `topic` to `ends`, with the batch and its ranges, as the sink does."""
    committed_at = committed_at or timezone.now()
    starts = {p.partition: p.offset for p in Position.objects.filter(query=query, topic=topic)}
    batch = Batch.objects.create(
        query=query,
        checkpoint=query.checkpoint,
        batch_id=Batch.objects.filter(query=query).count(),
        events=sum(end - starts.get(partition, 0) for partition, end in ends.items()),
        duplicates=duplicates,
        rejected=rejected,
        visitors=1,
        started_at=committed_at - took,
        committed_at=committed_at,
        durations={"read": 1.5, "fold": 12.0},
    )
    for partition, end in ends.items():
        offsets = Int8Range(starts.get(partition, 0), end)
        BatchRange.objects.create(batch=batch, query=query, topic=topic, partition=partition, offsets=offsets)
        Position.objects.update_or_create(
            query=query,
            topic=topic,
            partition=partition,
            defaults={"offset": end, "appended_at": committed_at},
        )
    return batch


def add_event(
    visitor_id: str = "v1",
    product_id: str = "mug-1",
    *,
    took: float = 0.25,
    position: int = 1,
    sent_after: timedelta = timedelta(),
) -> VisitorEvent:
    """A product event, received a moment ago, that was in the model `took` seconds later."""
    received_at = timezone.now() - timedelta(seconds=5)
    return VisitorEvent.objects.create(
        visitor_id=visitor_id,
        position=position,
        product_id=product_id,
        event="Product Viewed",
        weight=1,
        event_id=str(uuid4()),
        topic="activity",
        partition=3,
        offset=17,
        batch_id=0,
        occurred_at=received_at - sent_after,
        received_at=received_at,
        appended_at=received_at,
        computed_at=received_at + timedelta(seconds=took),
    )
