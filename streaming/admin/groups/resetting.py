"""The pages that move a group's offsets and that delete a group: what would become of each partition comes first."""

import json
from typing import Any

from django import forms
from django.urls import reverse

from recommendations.admin.cells import number
from streaming.admin.changing import ChangePage, Done
from streaming.admin.operating.fields import choice, moment, whole_number
from streaming.admin.unknown import UnknownError
from streaming.changes import Plan, RefusedError
from streaming.connection import UnansweredError
from streaming.resetting import (
    Committed,
    Reset,
    To,
    Wish,
    commit,
    committed_of,
    delete,
    refuse_members,
    reset_of,
)

LARGEST = 2**63 - 1


class ResetForm(forms.Form):
    topic = choice(
        "Topic", [], required=False, help_text="Of one topic all partitions, also those never committed."
    )
    partition = whole_number("Partition", required=False, min_value=0, help_text="Empty: all of the topic.")
    to = choice(
        "Move to",
        [
            (To.EARLIEST, "the earliest message: everything is read again"),
            (To.LATEST, "the end: what waits is passed over"),
            (To.TIME, "a time: the first message not older"),
            (To.SHIFT, "by a number of messages"),
            (To.OFFSET, "an offset"),
        ],
    )
    time = moment("Time", required=False, help_text="Where it moves to a time.")
    number = whole_number(
        "Number",
        required=False,
        min_value=-LARGEST,
        max_value=LARGEST,
        help_text="The offset, or by how many messages: below 0 they are read again.",
    )
    pinned = forms.JSONField(required=False, widget=forms.HiddenInput)
    """The offsets that were shown: in a topic that goes on growing, they are what is confirmed."""

    def __init__(self, *args: Any, topics: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["topic"].choices = [  # type: ignore[attr-defined]
            ("", "all that it has committed"),
            *((topic, topic) for topic in topics),
        ]

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("to") == To.TIME and given.get("time") is None and "time" not in self.errors:
            self.add_error("time", "Say to which time.")
        if (
            given.get("to") in (To.SHIFT, To.OFFSET)
            and given.get("number") is None
            and "number" not in self.errors
        ):
            self.add_error("number", "Say which offset, or by how many messages.")
        if given.get("partition") is not None and not given.get("topic"):
            self.add_error("topic", "Say of which topic the partition is.")
        return given

    def clean_pinned(self) -> dict[tuple[str, int], int] | None:
        pinned = self.cleaned_data["pinned"]
        if pinned is None:
            return None
        try:
            return {(str(topic), int(partition)): int(offset) for topic, partition, offset in pinned}
        except (TypeError, ValueError) as error:
            raise forms.ValidationError("These are no offsets: begin anew.") from error

    @property
    def wish(self) -> Wish:
        given = self.cleaned_data
        return Wish(To(given["to"]), given["topic"], given["partition"], given["time"], given["number"] or 0)

    def pin(self, offsets: dict[tuple[str, int], int]) -> None:
        """Has the next answer confirm just these."""
        data = self.data.copy()  # type: ignore[attr-defined]
        data["pinned"] = json.dumps([[*place, offset] for place, offset in offsets.items()])
        self.data = data


class OfGroup(ChangePage):
    @property
    def group(self) -> str:
        name: str = self.kwargs["group"]
        return name

    def subject(self, form: forms.Form) -> str:
        return self.group

    def back(self) -> str:
        return reverse("cluster:group", args=[self.group])

    def committed(self) -> Committed:
        found = committed_of(self.group)
        if not found.offsets and not found.members:
            raise UnknownError(
                f"The cluster knows no consumer group {self.group} that has committed anything.",
                reverse("cluster:groups"),
            )
        return found


class ResetPage(OfGroup):
    permission_required = "streaming.reset_offsets"
    action = "Reset a group's offsets"
    verb = "Move"
    form_class = ResetForm
    explanation = "First it is shown where each partition would go. Nothing moves before you confirm that."

    def get_title(self) -> str:
        return f"Reset the offsets of {self.group}"

    def make_form(self, data: Any = None) -> forms.Form:
        try:
            topics = self.committed().topics
        except UnansweredError:
            topics = []  # the plan says that Kafka does not answer
        return ResetForm(data, initial=self.get_initial(), topics=topics)

    def plan(self, form: forms.Form) -> Plan:
        assert isinstance(form, ResetForm)
        committed = self.committed()
        refuse_members(committed)
        reset = reset_of(committed, form.wish)
        pinned = form.cleaned_data["pinned"]
        if pinned is None:
            form.pin(reset.offsets)
        targets = reset.offsets if pinned is None else pinned
        if targets.keys() != reset.offsets.keys():
            raise RefusedError("The group's partitions have changed since you looked: begin anew.")
        if not targets:
            raise RefusedError(
                "Nothing is committed there that could be shifted: move it to an offset or a time."
            )
        return Plan(
            {f"{t}-{p}": committed.offsets.get((t, p)) for t, p in targets},
            {f"{t}-{p}": offset for (t, p), offset in targets.items()},
            "the group's members read on from there when they are started again.",
            warning=_warning(committed, targets),
            details=_details(committed, targets, reset),
        )

    def carry_out(self, form: forms.Form, plan: Plan) -> Done:
        assert isinstance(form, ResetForm)
        targets = form.cleaned_data["pinned"]
        commit(self.group, targets)
        there = committed_of(self.group).offsets
        after = {f"{t}-{p}": there.get((t, p)) for t, p in targets}
        return Done(f"{len(targets)} partitions moved.", after)


class DeleteGroupPage(OfGroup):
    permission_required = "streaming.delete_group"
    action = "Delete a group"
    verb = "Delete"
    is_typed = True

    def get_title(self) -> str:
        return f"Delete the group {self.group}"

    def plan(self, form: forms.Form) -> Plan:
        committed = self.committed()
        refuse_members(committed)
        return Plan(
            {
                f"{topic}-{partition}": offset
                for (topic, partition), offset in sorted(committed.offsets.items())
            },
            {},
            "what it has committed is forgotten: a member that starts again begins as its settings say.",
        )

    def carry_out(self, form: forms.Form, plan: Plan) -> Done:
        delete(self.group)
        return Done(f"The group {self.group} is deleted.", address=reverse("cluster:groups"))


def _warning(committed: Committed, targets: dict[tuple[str, int], int]) -> str:
    skipped = sum(max(0, offset - committed.offsets.get(at, offset)) for at, offset in targets.items())
    return f"{number(skipped)} messages are passed over: the group will not read them." if skipped else ""


def _details(committed: Committed, targets: dict[tuple[str, int], int], reset: Reset) -> dict[str, Any]:
    again = sum(max(0, committed.offsets.get(at, offset) - offset) for at, offset in targets.items())
    lag_now = sum(reset.ends[at] - committed.offsets[at] for at in targets if at in committed.offsets)
    lag_then = sum(max(0, reset.ends[at] - offset) for at, offset in targets.items())
    details = {
        "Read again": f"{number(again)} messages",
        "Lag": f"{number(lag_now)} now, {number(lag_then)} then",
    }
    if reset.passed_over:
        places = ", ".join(f"{topic}-{partition}" for topic, partition in reset.passed_over)
        details["Left as they are"] = f"{places}: nothing is committed there to shift from"
    return details
