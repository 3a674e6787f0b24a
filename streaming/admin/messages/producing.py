"""The page that produces one message: a form, what would go into the topic, and where it then stands."""

import hashlib
from typing import Any

from django import forms
from django.urls import reverse

from streaming.admin.changing import ChangePage, Done
from streaming.admin.messages.shown import address_of, may_unseal
from streaming.admin.operating.fields import lines, text, whole_number
from streaming.admin.unknown import UnknownError
from streaming.changes import Plan, RefusedError
from streaming.messages.bounds import NoTopicError, bounds
from streaming.messages.decoding import readable, text_of
from streaming.messages.producing import BadMessageError, Draft, NotProducedError, checked, produce
from streaming.messages.reading import NotReadError, read_one
from streaming.messages.record import Headers, Record
from streaming.topics import topic_name
from tracking.events import ACTIVITY

MOST_BYTES = 1_000_000
SHOWN = 2_000


class ProduceForm(forms.Form):
    key = text(
        "Key",
        required=False,
        strip=False,
        max_length=10_000,
        help_text="Empty: none. Of an event it is its visitorId.",
    )
    value = lines("Value", required=False, strip=False, max_length=MOST_BYTES)
    tombstone = forms.BooleanField(
        required=False,
        label="No value: a tombstone",
        help_text="In a compacted topic it removes what the key had before.",
    )
    headers = lines("Headers", required=False, help_text="One a line, as name: value.")
    partition = whole_number("Partition", required=False, min_value=0, help_text="Empty: the key chooses it.")

    def clean_headers(self) -> Headers:
        written = [line for line in self.cleaned_data["headers"].splitlines() if line.strip()]
        pairs = [line.partition(":") for line in written]
        for name, colon, _ in pairs:
            if not colon or not name.strip():
                raise forms.ValidationError("Write each header as name: value.")
        return tuple((name.strip(), value.strip().encode()) for name, _, value in pairs)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("tombstone") and given.get("value"):
            self.add_error("value", "A tombstone has none: empty it, or do not make it a tombstone.")
        return given


class ProducePage(ChangePage):
    permission_required = "streaming.produce_message"
    action = "Produce a message"
    verb = "Produce"
    form_class = ProduceForm

    def get_title(self) -> str:
        return f"Produce a message to {self.topic}"

    @property
    def topic(self) -> str:
        name: str = self.kwargs["name"]
        return name

    def back(self) -> str:
        return reverse("cluster:messages", args=[self.topic])

    def subject(self, form: forms.Form) -> str:
        return self.topic

    def get_initial(self) -> dict[str, Any]:
        """Of a message that it is to be like (`?like=partition@offset`)."""
        partition, _, offset = self.request.GET.get("like", "").partition("@")
        if not (partition.isdecimal() and offset.isdecimal()):
            return super().get_initial()
        try:
            record = read_one(self.topic, int(partition), int(offset))
        except NotReadError:
            return {}
        return {} if record is None else self._like(record)

    def plan(self, form: forms.Form) -> Plan:
        draft = self._draft(form)
        value = text_of(draft.value)
        details = {"Value": "none: a tombstone" if draft.value is None else value[:SHOWN]}
        if len(value) > SHOWN:
            details["Of it shown"] = f"the first {SHOWN:,} of {len(value):,} characters"
        return Plan(
            {},
            {
                "key": None if draft.key is None else text_of(draft.key),
                "value": _fingerprint(draft.value),
                "headers": ", ".join(f"{name}: {text_of(value)}" for name, value in draft.headers) or None,
                "partition": "by the key" if draft.partition is None else draft.partition,
            },
            "One message more, which cannot be taken back.",
            details=details,
        )

    def carry_out(self, form: forms.Form, plan: Plan) -> Done:
        try:
            record = produce(self._draft(form))
        except NotProducedError as error:
            raise RefusedError(str(error)) from error
        return Done(
            f"It stands at {record.place}.",
            {**plan.after, "partition": record.partition, "offset": record.offset},
            address_of(record),
        )

    def _draft(self, form: forms.Form) -> Draft:
        given = form.cleaned_data
        draft = Draft(
            topic=self.topic,
            key=given["key"].encode() if given["key"] else None,
            value=None if given["tombstone"] else given["value"].replace("\r\n", "\n").encode(),
            headers=given["headers"],
            partition=given["partition"],
        )
        try:
            known = bounds(self.topic)
        except NoTopicError as error:
            raise UnknownError(f"The cluster has no topic {error}.", reverse("cluster:topics")) from error
        if draft.partition is not None and draft.partition not in known.partitions:
            raise RefusedError(
                f"{self.topic} has no partition {draft.partition}: it has 0 to {max(known.partitions)}."
            )
        try:
            return checked(draft)
        except BadMessageError as error:
            raise RefusedError(str(error)) from error

    def _like(self, record: Record) -> dict[str, Any]:
        value = readable(record, may_unseal=may_unseal(self.request.user))
        return {
            "key": text_of(record.key),
            "value": text_of(value),
            "tombstone": value is None,
            "headers": "\n".join(f"{name}: {text_of(content)}" for name, content in record.headers),
            # An event's partition follows from its key.
            "partition": None if self.topic == topic_name(ACTIVITY) else record.partition,
        }


def _fingerprint(value: bytes | None) -> str | None:
    """What the audit keeps of a value: it may be somebody's, and the audit is never deleted."""
    if value is None:
        return None
    return f"{len(value):,} bytes, SHA-256 {hashlib.sha256(value).hexdigest()[:16]}"
