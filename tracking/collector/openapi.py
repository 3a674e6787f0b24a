"""The collector's part of `/api/schema/`. It stands before Django, where the rest of the document comes from."""

from typing import Any, Final

from tracking.calls import Call
from tracking.collector.judging import MAX_EVENT_BYTES
from tracking.collector.request import MAX_BODY_BYTES
from tracking.events import MAX_ID_LENGTH, MAX_NAME_LENGTH, EventType
from tracking.refusals import Reason

TAG: Final = "tracking"
CALL: Final = {"$ref": "#/components/schemas/TrackingCall"}
RETRY_AFTER: Final = {
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}, "required": True}
}


def add_collector(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: the document with the collector's addresses."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {}).update(schemas())
    components.setdefault("securitySchemes", {})["writeKey"] = {
        "type": "http",
        "scheme": "basic",
        "description": "The write key as user name, without a password; or `writeKey` in the body.",
    }
    result["paths"] = {**paths(), **result.get("paths", {})}
    return result


def paths() -> dict[str, Any]:
    """One address for each call and one for many; the browser SDK's short ones (/v1/t) do the same."""
    single = {
        f"/v1/{kind}": operation(
            f"track_{kind}",
            f"Send a {kind} call",
            {"allOf": [CALL, {"type": "object", "properties": {"writeKey": {"type": "string"}}}]},
            {"$ref": "#/components/schemas/TrackingResult"},
        )
        for kind in EventType
    }
    many = operation(
        "track_batch",
        "Send many calls",
        {"$ref": "#/components/schemas/TrackingBatch"},
        {"$ref": "#/components/schemas/TrackingResults"},
    )
    return single | {"/v1/batch": many}


def operation(name: str, summary: str, body: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    refusal = {"$ref": "#/components/schemas/TrackingRefusal"}
    later = {"$ref": "#/components/schemas/TrackingFailure"}
    return {
        "post": {
            "operationId": name,
            "summary": summary,
            "description": (
                "Segment's HTTP tracking API. 200 means durable: what was accepted is on the in-sync brokers or in "
                f"the spool. At most {MAX_EVENT_BYTES // 1024} KB a call and {MAX_BODY_BYTES // 1024} KB a "
                "body, which may be gzip. Sent again under its messageId within 24 hours, an event counts once."
            ),
            "tags": [TAG],
            "security": [{"writeKey": []}, {}],
            "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
            "responses": {
                "200": response("Durable, but for what is rejected by name.", answer),
                "400": response("Refused: sending it again as it is would not help.", refusal),
                "401": response("No such write key.", refusal),
                "403": response("The write key takes no events from pages of this origin.", refusal),
                "408": response("The body did not come in time.", later),
                "429": response(
                    "More than the key may send: keep the events, send again.", later, RETRY_AFTER
                ),
                "503": response("Busy or without servers: keep the events, send again.", later, RETRY_AFTER),
            },
        }
    }


def response(
    description: str, schema: dict[str, Any], headers: dict[str, Any] | None = None
) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return {"description": description, "content": content} | ({"headers": headers} if headers else {})


def schemas() -> dict[str, Any]:
    """What is sent and answered. Senders differ: null, "" and numbers as ids are accepted as well."""
    identifier = {
        "anyOf": [{"type": "string", "maxLength": MAX_ID_LENGTH}, {"type": "integer", "format": "int64"}],
        "nullable": True,
    }
    details = {"type": "object", "nullable": True, "additionalProperties": True}
    moment = {"type": "string", "format": "date-time"}
    known: dict[str, dict[str, Any]] = {
        "type": {
            "type": "string",
            "enum": list(EventType),
            "description": "In a batch; else the address says.",
        },
        "event": {
            "type": "string",
            "maxLength": MAX_NAME_LENGTH,
            "description": "What happened: of a track call.",
        },
        "name": {"type": "string", "description": "Of a page or a screen."},
    }
    shapes = {"Id": identifier, "At": moment, "": details}
    ids = {"messageId", "anonymousId", "userId", "previousId", "groupId"}
    times = {"timestamp", "originalTimestamp", "sentAt"}
    names = Call.__struct_encode_fields__
    calls = {
        name: known.get(name) or shapes["Id" if name in ids else "At" if name in times else ""]
        for name in names
    }
    refused = {
        "field": {"type": "string"},
        "reason": {"type": "string"},
        "code": {"type": "string", "enum": list(Reason)},
    }
    result = {
        "messageId": {"anyOf": [{"type": "string"}, {"type": "number"}], "nullable": True},
        "status": {"type": "string", "enum": ["accepted", "rejected"]},
    }
    success = {"success": {"type": "boolean"}}
    return {
        "TrackingCall": obj(calls, additional=True),
        "TrackingBatch": obj(
            {
                "writeKey": {"type": "string"},
                "sentAt": moment,
                "context": details,
                "batch": {"type": "array", "items": CALL},
            },
            required=["batch"],
            additional=True,
        ),
        "TrackingResult": obj(success | result | refused, required=["success", "messageId", "status"]),
        "TrackingResults": obj(
            success | {"results": {"type": "array", "items": obj(result | refused, required=list(result))}},
            required=["success", "results"],
        ),
        "TrackingRefusal": obj(
            success | result | refused | {"message": {"type": "string"}},
            required=["success", "field", "reason", "code"],
        ),
        "TrackingFailure": obj(
            success
            | {"code": {"type": "string"}, "message": {"type": "string"}, "reason": {"type": "string"}},
            required=["success", "message"],
        ),
    }


def obj(
    properties: dict[str, Any], *, required: list[str] | None = None, additional: bool = False
) -> dict[str, Any]:
    shape: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": additional}
    return shape | ({"required": required} if required else {})
