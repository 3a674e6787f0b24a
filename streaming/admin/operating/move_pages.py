"""Partitions are moved to other brokers: chosen or balanced, watched, cancelled; and their first replicas elected."""

from functools import cached_property
from typing import Any, Final

from django import forms
from django.urls import reverse

from recommendations.admin.cells import number, size
from streaming.admin.changing import ChangePage, Done
from streaming.admin.operating.fields import lines, many, several, whole_number
from streaming.admin.operating.topic_pages import cluster_now
from streaming.changes import Plan, RefusedError, Value
from streaming.cluster import Cluster
from streaming.operating import moves
from streaming.operating.layout import At, Layout, Replicas, added, balanced, shares
from streaming.operating.progress import CANCEL, MOVE, THROTTLE, facts_of, newest_move
from streaming.operating.throttle import lift, throttle

MEGABYTE: Final = 1_000_000
FLOOR: Final = 100_000
"""Bytes a second: below it a replica never catches up with a busy partition."""


class MoveForm(forms.Form):
    topics = many("Topics", required=False, help_text="None chosen: all of them, with Kafka's own.")
    brokers = several("Onto these brokers")
    replication = whole_number(
        "Replicas of each partition", required=False, min_value=1, help_text="Empty: as many as each has."
    )
    exactly = lines(
        "Or exactly so",
        required=False,
        help_text="One partition a line, the preferred leader first: activity-0: 1, 2, 3. What is chosen above then"
        " does not count.",
    )
    megabytes = forms.FloatField(
        label="At most, MB/s",
        required=False,
        min_value=FLOOR / MEGABYTE,
        help_text="What is copied for this move, into and out of each broker. Empty: as fast as it goes.",
        widget=whole_number("").widget,
    )

    def __init__(self, data: Any = None, *, initial: dict[str, Any], cluster: Cluster) -> None:
        super().__init__(data, initial=initial)
        self.cluster = cluster
        self._choices("topics", [(topic.name, topic.name) for topic in cluster.topics])
        self._choices(
            "brokers",
            [
                (str(broker.id), f"{broker.id}{f', rack {broker.rack}' if broker.rack else ''}")
                for broker in cluster.brokers
                if broker.alive
            ],
        )
        self.fields["megabytes"].widget.attrs["step"] = "any"

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = choices

    def clean_exactly(self) -> dict[At, Replicas]:
        here = layout_now(self.cluster)
        alive = {broker.id for broker in self.cluster.brokers if broker.alive}
        layout: dict[At, Replicas] = {}
        for line in filter(None, map(str.strip, self.cleaned_data["exactly"].splitlines())):
            name, _, told = line.partition(":")
            topic, _, partition = name.strip().rpartition("-")
            at = (topic, int(partition)) if partition.isdecimal() else (topic, -1)
            brokers = tuple(int(each) for each in told.replace(",", " ").split() if each.isdecimal())
            if at not in here:
                raise forms.ValidationError(f"There is no partition {name.strip()}.")
            if not brokers or len(set(brokers)) != len(brokers) or not set(brokers) <= alive:
                raise forms.ValidationError(f"“{told.strip()}” are not different brokers that are up.")
            layout[at] = brokers
        return layout

    def wanted(self) -> dict[At, Replicas]:
        """Where all that is asked for should be. Raises RefusedError."""
        asked = self.cleaned_data
        if asked["exactly"]:
            exactly: dict[At, Replicas] = asked["exactly"]
            return exactly
        racks = {each.id: each.rack for each in self.cluster.brokers if str(each.id) in asked["brokers"]}
        chosen = {
            at: replicas
            for at, replicas in layout_now(self.cluster).items()
            if not asked["topics"] or at[0] in asked["topics"]
        }
        return balanced(chosen, racks, replication=asked["replication"])

    @cached_property
    def moved(self) -> dict[At, Replicas]:
        """What of it is not so already. Thousands of partitions take seconds to balance: once a request."""
        here = layout_now(self.cluster)
        return {at: replicas for at, replicas in self.wanted().items() if replicas != here[at]}

    def throttle(self) -> int | None:
        asked = self.cleaned_data["megabytes"]
        return None if asked is None else int(asked * MEGABYTE)


class MovePage(ChangePage):
    permission_required = "streaming.reassign_partition"
    action = MOVE
    verb = "Start moving"
    explanation = (
        "Replicas are spread so that each broker holds and leads as many as the next, in different racks where there"
        " are enough, with as few moves as can be. Records are copied before anything is taken away."
    )

    def make_form(self, data: Any = None) -> forms.Form:
        cluster = cluster_now()
        without = self.request.GET.get("without", "")
        initial = {
            "topics": self.request.GET.getlist("topic"),
            "brokers": [str(each.id) for each in cluster.brokers if each.alive and str(each.id) != without],
        }
        return MoveForm(data, initial=initial, cluster=cluster)

    def subject(self, form: forms.Form) -> str:
        assert isinstance(form, MoveForm)
        topics = sorted({topic for topic, _ in form.moved})
        return topics[0] if len(topics) == 1 else f"{len(topics)} topics"

    def back(self) -> str:
        return reverse("cluster:moves")

    def plan(self, form: forms.Form) -> Plan:
        assert isinstance(form, MoveForm)
        if under_way := moves.ongoing():
            raise RefusedError(f"{len(under_way)} partitions are being moved: wait for them, or cancel that.")
        here, moved = layout_now(form.cluster), form.moved
        before = {at: here[at] for at in moved}
        copies = added(before, moved)
        rate = form.throttle()
        extra: dict[str, Value] = {THROTTLE: rate} if rate and copies else {}
        return Plan(
            facts_of(before),
            {**facts_of(moved), **extra},
            f"{number(len(moved))} partitions change, {number(sum(map(len, copies.values())))} replicas are copied;"
            " the preferred leader comes first.",
            details=self._details(form.cluster, here, here | moved, copies),
        )

    def carry_out(self, form: forms.Form, plan: Plan) -> Done:
        assert isinstance(form, MoveForm)
        here, moved = layout_now(form.cluster), form.moved
        rate = form.throttle()
        if rate:
            throttle(here, moved, rate)
        moves.start(moved)
        return Done(f"{len(moved)} partitions are on their way.")

    def _details(self, cluster: Cluster, before: Layout, after: Layout, copies: Layout) -> dict[str, Value]:
        bytes_of = {(each.topic, each.number): each.size or 0 for each in cluster.partitions}
        brokers = [broker.id for broker in cluster.brokers]
        was, becomes = shares(before, brokers), shares(after, brokers)
        return {
            "To be copied": size(sum(bytes_of[at] * len(to) for at, to in copies.items())),
            **{
                f"Broker {broker}": f"holds {was[broker].replicas} → {becomes[broker].replicas}, "
                f"leads {was[broker].leads} → {becomes[broker].leads}"
                for broker in becomes
            },
        }


class CancelPage(ChangePage):
    permission_required = "streaming.reassign_partition"
    action = CANCEL
    verb = "Cancel the move"

    def subject(self, form: forms.Form) -> str:
        return "partitions that are being moved"

    def back(self) -> str:
        return reverse("cluster:moves")

    def plan(self, form: forms.Form) -> Plan:
        under_way = moves.ongoing()
        if not under_way:
            raise RefusedError("No partition is being moved.")
        return Plan(
            facts_of({at: each.target for at, each in under_way.items()}),
            facts_of({at: each.original for at, each in under_way.items()}),
            "what has not arrived goes back to where it was; what has been copied of it is deleted.",
        )

    def carry_out(self, form: forms.Form, plan: Plan) -> Done:
        under_way = moves.ongoing()
        moves.cancel(under_way)
        move = newest_move()
        if move is not None and THROTTLE in move.after:
            lift({topic for topic, _ in under_way}, [broker.id for broker in cluster_now().brokers])
        return Done(f"{len(under_way)} partitions stay where they were.")


class ElectForm(forms.Form):
    topics = many("Topics", required=False, help_text="None chosen: all of them.")
    partition = whole_number("Partition", required=False, min_value=0, help_text="Empty: all of the topic.")

    def __init__(self, data: Any = None, *, initial: dict[str, Any], cluster: Cluster) -> None:
        super().__init__(data, initial=initial)
        field = self.fields["topics"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(topic.name, topic.name) for topic in cluster.topics]

    def takes(self, at: At) -> bool:
        asked = self.cleaned_data
        return (not asked["topics"] or at[0] in asked["topics"]) and asked["partition"] in (None, at[1])


class ElectPage(ChangePage):
    permission_required = "streaming.elect_leader"
    action = "Elect preferred leaders"
    verb = "Elect"
    explanation = (
        "After a broker was away, others lead what it led. The first replica of each partition leads again, where it"
        " is in sync."
    )

    def make_form(self, data: Any = None) -> forms.Form:
        initial = {
            "topics": self.request.GET.getlist("topic"),
            "partition": self.request.GET.get("partition"),
        }
        return ElectForm(data, initial=initial, cluster=cluster_now())

    def subject(self, form: forms.Form) -> str:
        topics = form.cleaned_data["topics"]
        return topics[0] if len(topics) == 1 else f"{len(topics) or 'all'} topics"

    def back(self) -> str:
        return reverse("cluster:overview")

    def plan(self, form: forms.Form) -> Plan:
        assert isinstance(form, ElectForm)
        wrong = {
            (each.topic, each.number): each
            for each in cluster_now().partitions
            if form.takes((each.topic, each.number)) and each.leader != each.replicas[0]
        }
        if not wrong:
            raise RefusedError("Each of these partitions is led by its first replica already.")
        able = {at: each for at, each in wrong.items() if each.replicas[0] in each.in_sync}
        if not able:
            raise RefusedError(
                f"The first replicas of {len(wrong)} partitions are not in sync: start their broker and wait for it."
            )
        left = len(wrong) - len(able)
        return Plan(
            {f"{topic}-{n}": each.leader for (topic, n), each in able.items()},
            {f"{topic}-{n}": each.replicas[0] for (topic, n), each in able.items()},
            f"{len(able)} partitions get another leader; requests to them wait for some milliseconds.",
            warning=f"The first replicas of {left} more are not in sync: they stay as they are."
            if left
            else "",
        )

    def carry_out(self, form: forms.Form, plan: Plan) -> Done:
        partitions = [(name.rpartition("-")[0], int(name.rpartition("-")[2])) for name in plan.after]
        failed = moves.elect_preferred(partitions)
        after = {name: broker for name, broker in plan.after.items() if _at(name) not in failed}
        if failed:
            at, why = next(iter(failed.items()))
            raise RefusedError(
                f"{len(after)} leaders were elected, {len(failed)} were not. {at[0]}-{at[1]}: {why}"
            )
        return Done(f"{len(after)} partitions are led by their first replica.", after)


def layout_now(cluster: Cluster) -> dict[At, Replicas]:
    return {(each.topic, each.number): each.replicas for each in cluster.partitions}


def _at(name: str) -> At:
    topic, _, partition = name.rpartition("-")
    return topic, int(partition)
