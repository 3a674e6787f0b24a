"""A record as a curl command: to read it again, and, of an event, to send it to the collector again."""

import shlex
from typing import Any, Final

import msgspec

from tracking.commerce import product_id_of
from tracking.events import Event, EventType

BESIDE: Final = {
    EventType.PAGE: ("name",),
    EventType.SCREEN: ("name",),
    EventType.IDENTIFY: ("traits",),
    EventType.GROUP: ("traits", "groupId"),
    EventType.TRACK: (),
    EventType.ALIAS: (),
}
"""What a call names beside its properties, and the contract keeps among them."""


def reading(address: str, session_cookie: str) -> str:
    """The command that reads an address of the admin. The session is the reader's own, and not in it."""
    return f'curl -s -b "{session_cookie}=$ADMIN_SESSION" {shlex.quote(address)}'


def sending(event: Event, collector: str, write_key: str | None) -> str:
    """The command that sends an event, unsealed, to the collector again.

    Its messageId is the event's: within 24 hours it counts as the same one and changes nothing, later it is one of
    that moment.
    """
    key = '"$WRITE_KEY:"' if write_key is None else shlex.quote(f"{write_key}:")
    body = msgspec.json.encode(call_of(event)).decode()
    return (
        f"curl -s -u {key} -H 'Content-Type: application/json' \\\n"
        f"  --data-raw {shlex.quote(body)} \\\n"
        f"  {shlex.quote(f'{collector}/v1/{event.type}')}"
    )


def call_of(event: Event) -> dict[str, Any]:
    """The call of Segment's tracking API that the event came from."""
    properties = dict(event.properties)
    beside = {name: properties.pop(name, None) for name in BESIDE[event.type]}
    if event.product_ids and "products" not in properties:
        properties["products"] = [{"product_id": product} for product in event.product_ids]
    elif event.product_id and not event.product_ids and not product_id_of(properties):
        properties["product_id"] = event.product_id
    call = {
        "messageId": event.event_id,
        "anonymousId": event.visitor_id,
        "userId": event.user_id,
        "event": event.event,
        **beside,
        "properties": properties,
        "context": event.context,
    }
    return {name: value for name, value in call.items() if value not in (None, {})}
