"""The shape of a list, for the OpenAPI document: the selectors build the same."""

from rest_framework import serializers


class ReasonSerializer(serializers.Serializer[None]):
    kind = serializers.ChoiceField(
        [
            *("viewed", "added", "bought", "together", "again", "recent"),
            *("trending", "popular", "origin", "new", "exploration", "pinned"),
        ]
    )
    productId = serializers.CharField(allow_null=True)  # noqa: N815
    title = serializers.CharField(allow_null=True)
    category = serializers.CharField(
        allow_null=True,
        help_text="Where it is trending or popular: the name of that product's category, or the visitor's origin.",
    )


class TraceSerializer(serializers.Serializer[None]):
    """The way of the newest event that moved the item. Times are RFC 3339, UTC, milliseconds."""

    eventId = serializers.CharField()  # noqa: N815
    topic = serializers.CharField()
    partition = serializers.IntegerField()
    offset = serializers.IntegerField()
    batchId = serializers.IntegerField(allow_null=True)  # noqa: N815
    occurredAt = serializers.DateTimeField()  # noqa: N815
    receivedAt = serializers.DateTimeField()  # noqa: N815
    computedAt = serializers.DateTimeField(allow_null=True)  # noqa: N815
    pushedAt = serializers.DateTimeField(allow_null=True)  # noqa: N815


class ItemSerializer(serializers.Serializer[None]):
    productId = serializers.CharField()  # noqa: N815
    title = serializers.CharField()
    url = serializers.CharField()
    image = serializers.CharField()
    price = serializers.FloatField()
    currency = serializers.CharField()
    score = serializers.FloatField()
    reason = ReasonSerializer()
    trace = TraceSerializer(allow_null=True)


class ListSerializer(serializers.Serializer[None]):
    type = serializers.ChoiceField(["recommendations"])
    visitorId = serializers.CharField(allow_null=True)  # noqa: N815
    version = serializers.IntegerField(help_text="Of the newest event considered; it never falls.")
    asOf = serializers.DateTimeField()  # noqa: N815
    items = ItemSerializer(many=True)
