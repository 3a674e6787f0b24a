"""The pages on which a topic is created, given partitions, emptied and deleted."""

import re
from datetime import datetime
from typing import Any, Final

from django import forms
from django.urls import reverse
from kafka.admin import OffsetSpec

from recommendations.admin.cells import number, size
from streaming.admin.changing import ChangePage, Done
from streaming.admin.operating.fields import choice, lines, moment, text, whole_number
from streaming.admin.unknown import UnknownError
from streaming.changes import Plan, RefusedError
from streaming.cluster import Cluster, Topic, Unreachable
from streaming.connection import UnansweredError
from streaming.operating import topics
from streaming.operating.settings import CHOICES
from streaming.snapshots import snapshot
from streaming.topics import TOPICS, topic_name

OURS: Final = "The product needs this topic: "
NAME: Final = re.compile(r"[a-zA-Z0-9._-]{1,249}")


def cluster_now() -> Cluster:
    """Raises UnansweredError."""
    cluster = snapshot()
    if isinstance(cluster, Unreachable):
        raise UnansweredError(cluster.message)
    return cluster


class TopicChangePage(ChangePage):
    """A change of the topic that the address names."""

    def subject(self, form: forms.Form) -> str:
        name: str = self.kwargs["name"]
        return name

    def get_title(self) -> str:
        return f"{self.action}: {self.kwargs['name']}"

    def back(self) -> str:
        return reverse("cluster:topic", args=[self.kwargs["name"]])

    def topic(self) -> Topic:
        found = cluster_now().topic(self.kwargs["name"])
        if found is None:
            raise UnknownError(f"The cluster has no topic {self.kwargs['name']}.", reverse("cluster:topics"))
        return found

    def own_topic(self, what: str) -> Topic:
        """One that may be emptied and deleted: Kafka's own may not."""
        topic = self.topic()
        if topic.internal:
            raise RefusedError(f"{topic.name} is Kafka's own: groups and transactions would {what}.")
        return topic

    def is_ours(self) -> bool:
        return self.kwargs["name"] in {topic_name(spec.name) for spec in TOPICS}


class CreateForm(forms.Form):
    name = text("Name", max_length=249)
    partitions = whole_number("Partitions", min_value=1, max_value=10_000, initial=6)
    replication = whole_number("Replicas of each partition", min_value=1, max_value=100)
    policy = choice(
        "What becomes of old records",
        [(each, each) for each in CHOICES["cleanup.policy"]],
        help_text="delete: by age and size; compact: the newest of each key stays; or both.",
    )
    retention = text(
        "Kept for",
        required=False,
        help_text="Milliseconds, or with a unit: 12h, 7d. Empty for the broker's default, -1 for ever.",
    )
    in_sync = whole_number(
        "Replicas that must have a record",
        required=False,
        min_value=1,
        help_text="min.insync.replicas: fewer in sync, and writes with acks=all are refused.",
    )
    further = lines("Further settings", required=False, help_text="One a line: max.message.bytes=2000000")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not NAME.fullmatch(name) or name in (".", ".."):
            raise forms.ValidationError("Letters, digits, dot, dash and underscore; 249 of them at the most.")
        return name

    def clean_retention(self) -> str:
        return milliseconds_of(self.cleaned_data["retention"])

    def clean_further(self) -> dict[str, str]:
        settings = {}
        for line in filter(None, map(str.strip, self.cleaned_data["further"].splitlines())):
            name, equals, value = line.partition("=")
            if not equals or not name.strip():
                raise forms.ValidationError(f"“{line}” is not name=value.")
            settings[name.strip()] = value.strip()
        return settings

    def settings(self) -> dict[str, str]:
        asked = self.cleaned_data
        settings = {"cleanup.policy": asked["policy"]}
        if asked["retention"]:
            settings["retention.ms"] = asked["retention"]
        if asked["in_sync"]:
            settings["min.insync.replicas"] = str(asked["in_sync"])
        further: dict[str, str] = asked["further"]
        return settings | further


class CreateTopicPage(ChangePage):
    permission_required = "streaming.create_topic"
    action = "Create a topic"
    verb = "Create"
    form_class = CreateForm

    def get_initial(self) -> dict[str, Any]:
        cluster = snapshot()
        brokers = 1 if isinstance(cluster, Unreachable) else sum(each.alive for each in cluster.brokers)
        return {"replication": min(3, brokers)} | super().get_initial()

    def subject(self, form: forms.Form) -> str:
        name: str = form.cleaned_data["name"]
        return name

    def back(self) -> str:
        return reverse("cluster:topics")

    def plan(self, form: forms.Form) -> Plan:
        assert isinstance(form, CreateForm)
        self._create(form, dry_run=True)
        asked = form.cleaned_data
        after = {"partitions": asked["partitions"], "replicas": asked["replication"], **form.settings()}
        return Plan(
            {}, after, details={"Replicas in all": number(asked["partitions"] * asked["replication"])}
        )

    def carry_out(self, form: forms.Form, plan: Plan) -> Done:
        assert isinstance(form, CreateForm)
        self._create(form)
        name = self.subject(form)
        return Done(f"The topic {name} is there.", address=reverse("cluster:topic", args=[name]))

    def _create(self, form: CreateForm, *, dry_run: bool = False) -> None:
        asked = form.cleaned_data
        topics.create_topic(
            asked["name"], asked["partitions"], asked["replication"], form.settings(), dry_run=dry_run
        )


class PartitionsForm(forms.Form):
    partitions = whole_number("Partitions that it is to have", min_value=1, max_value=10_000)


class AddPartitionsPage(TopicChangePage):
    permission_required = "streaming.change_topic"
    action = "Add partitions"
    verb = "Add"
    form_class = PartitionsForm
    explanation = (
        "A topic can only be given more: which partition a record is in depends on how many there are."
    )

    def get_initial(self) -> dict[str, Any]:
        return {"partitions": len(self.topic().partitions) + 1}

    def plan(self, form: forms.Form) -> Plan:
        topic, wanted = self.topic(), form.cleaned_data["partitions"]
        has = len(topic.partitions)
        if wanted <= has:
            raise RefusedError(f"{topic.name} has {has} partitions: ask for more than that.")
        topics.add_partitions(topic.name, wanted, dry_run=True)
        return Plan(
            {"partitions": has},
            {"partitions": wanted},
            warning="New records of a key may go to another partition than its old ones, and nothing takes a"
            " partition away again." + self._drained(),
        )

    def carry_out(self, form: forms.Form, plan: Plan) -> Done:
        topics.add_partitions(self.subject(form), form.cleaned_data["partitions"])
        return Done(f"{self.subject(form)} has {form.cleaned_data['partitions']} partitions.")

    def _drained(self) -> str:
        if not self.is_ours():
            return ""
        return " Spark finds new partitions by itself and reads the old ones to their end first."


class TruncateForm(forms.Form):
    until = moment(
        "Records before",
        required=False,
        help_text="By the records' timestamps, in the server's time zone. Empty for all records.",
    )


class TruncatePage(TopicChangePage):
    permission_required = "streaming.truncate_topic"
    action = "Delete records"
    verb = "Delete the records"
    form_class = TruncateForm
    is_typed = True
    explanation = (
        "Records go from the beginning of each partition. The topic stays, and offsets go on where they are."
    )

    def plan(self, form: forms.Form) -> Plan:
        topic = self.own_topic("lose what they know")
        until: datetime | None = form.cleaned_data["until"]
        spec = int(until.timestamp() * 1000) if until else OffsetSpec.LATEST
        offsets = topics.offsets_at(topic.name, len(topic.partitions), spec)
        before = {str(each.number): each.earliest for each in topic.partitions}
        after = {str(at): max(offset, before[str(at)] or 0) for at, offset in sorted(offsets.items())}
        going = sum(after[at] - (before[at] or 0) for at in after)
        return Plan(
            before,
            after,
            f"{number(going)} records go; below are the earliest offsets of its partitions.",
            warning=f"{OURS}what is deleted from it can never be computed anew." if self.is_ours() else "",
        )

    def carry_out(self, form: forms.Form, plan: Plan) -> Done:
        name = self.subject(form)
        until = {int(at): offset for at, offset in plan.after.items() if isinstance(offset, int)}
        found = topics.delete_records(name, until)
        after = {str(partition): offset for (_, partition), offset in sorted(found.items())}
        return Done(f"The records of {name} before those offsets are deleted.", after)


class DeleteTopicPage(TopicChangePage):
    permission_required = "streaming.delete_topic"
    action = "Delete a topic"
    verb = "Delete the topic"
    is_typed = True

    def plan(self, form: forms.Form) -> Plan:
        topic = self.own_topic("be lost")
        return Plan(
            {"partitions": len(topic.partitions), "replicas": topic.replication_factor},
            {},
            "the topic and all its records go, from every broker.",
            warning=f"{OURS}“manage.py create_topics” makes it anew, empty." if self.is_ours() else "",
            details={"Records": number(topic.records), "On disk": size(topic.size)},
        )

    def carry_out(self, form: forms.Form, plan: Plan) -> Done:
        topics.delete_topic(self.subject(form))
        return Done(f"The topic {self.subject(form)} is deleted.", address=reverse("cluster:topics"))


_UNITS: Final = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}


def milliseconds_of(asked: str) -> str:
    """“7d” as Kafka takes it. Raises ValidationError."""
    found = re.fullmatch(r"(-1|\d+)\s*(ms|s|min|h|d)?", asked.strip())
    if not asked.strip():
        return ""
    if found is None:
        raise forms.ValidationError("A number of milliseconds, or with a unit: 90s, 30min, 12h, 7d.")
    return found[1] if found[1] == "-1" else str(int(found[1]) * _UNITS[found[2] or "ms"])
