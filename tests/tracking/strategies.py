"""What Hypothesis makes events from."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from tracking.events import MAX_ID_LENGTH, MAX_NAME_LENGTH, MAX_POSITION, Event, EventType, format_timestamp

letters = st.characters(exclude_characters="\x00", exclude_categories=["Cs"])
identifiers = st.text(letters, min_size=1, max_size=MAX_ID_LENGTH)
names = st.text(letters, min_size=1, max_size=MAX_NAME_LENGTH)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
timestamps = moments.map(format_timestamp)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts
json_values = st.recursive(
    scalars | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts, json_values, max_size=4)

events = st.builds(
    Event,
    event_id=identifiers,
    type=st.sampled_from(EventType),
    visitor_id=identifiers,
    occurred_at=timestamps,
    received_at=timestamps,
    event=st.none() | names,
    user_id=st.none() | identifiers,
    product_id=st.none() | identifiers,
    product_ids=st.lists(identifiers, max_size=5),
    origin=st.none() | identifiers,
    list_id=st.none() | identifiers,
    positions=st.lists(st.integers(0, MAX_POSITION), max_size=5),
    properties=objects,
    context=objects,
)
