"""Brokers join the cluster and leave it."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.urls import reverse

from recommendations.admin.cells import Table, link, number
from streaming.admin.changing import ChangePage, Done
from streaming.admin.cluster_pages import ClusterPage
from streaming.admin.operating.fields import text, whole_number
from streaming.admin.operating.topic_pages import cluster_now
from streaming.admin.unknown import UnknownError
from streaming.changes import Plan, RefusedError
from streaming.cluster import Broker, Cluster
from streaming.connection import UnansweredError
from streaming.operating.brokers import unregister
from streaming.operating.joining import Newcomer, next_number, properties_for

ADDRESS = RegexValidator(r"^[\w.\-\[\]:]+:\d{1,5}$", "A host and a port: broker-4.example.org:9092.")
ONE_LINE = RegexValidator(r"\A[^\r\n]*\Z", "One line.")


class NewcomerForm(forms.Form):
    """What is the new broker's own."""

    number = whole_number("Number", min_value=0, help_text="That no broker or controller of the cluster has.")
    address = text("Address", help_text="Where the others and the clients reach it.", validators=[ADDRESS])
    folder = text("Folder of its log", help_text="Empty, and on a disk of its own.", validators=[ONE_LINE])
    rack = text(
        "Rack",
        required=False,
        help_text="Replicas of a partition are kept in different ones.",
        validators=[ONE_LINE],
    )

    def __init__(self, *arguments: Any, cluster: Cluster, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.taken = {broker.id for broker in cluster.brokers}

    def clean_number(self) -> int:
        number: int = self.cleaned_data["number"]
        if number in self.taken:
            raise forms.ValidationError(f"There is a broker {number} already.")
        return number

    def newcomer(self) -> Newcomer:
        return Newcomer(**self.cleaned_data)


class AddBrokerPage(ClusterPage):
    """What a new broker needs to join, and what is to be done once it has. It changes nothing itself."""

    title = "Add a broker"
    permission_required = "streaming.change_broker"
    template_name = "streaming/admin/add_broker.html"
    refresh = 0

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        cluster: Cluster | None = context.get("cluster")
        if cluster is None:
            return context
        expected = next_number(cluster)
        initial = {
            "number": expected,
            "address": f"broker-{expected}.example.org:9092",
            "folder": "/var/lib/kafka",
            "rack": "",
        }
        form = NewcomerForm(
            {name: self.request.GET.get(name, value) for name, value in initial.items()}, cluster=cluster
        )
        context["form"] = form
        if form.is_valid():
            newcomer = form.newcomer()
            file = f"broker-{newcomer.number}.properties"
            context |= {
                "newcomer": newcomer,
                "format_command": f"kafka-storage.sh format --cluster-id {cluster.id} --config {file}",
                "start_command": f"kafka-server-start.sh {file}",
            }
            try:
                context["file"] = properties_for(cluster, newcomer)
            except (RefusedError, UnansweredError) as error:
                context["refusal"] = str(error)
        return context

    def tables(self, cluster: Cluster) -> list[dict[str, Any]]:
        empty = [broker for broker in cluster.brokers if broker.alive and not broker.holds]
        rows = [
            (
                link(reverse("cluster:broker", args=[broker.id]), str(broker.id)),
                broker.address,
                link(reverse("cluster:move"), "Balance the partitions onto it"),
            )
            for broker in empty
        ]
        return [
            {
                "title": "Joined, and holds nothing yet",
                "table": Table(headers=("Broker", "Address", "Next"), rows=rows),
                "empty": "Every broker that is up holds something. A new one comes up here.",
            }
        ]


class RemoveBrokerPage(ChangePage):
    """The last step of taking a broker out: it holds nothing any more and was stopped."""

    permission_required = "streaming.change_broker"
    action = "Take a broker out"
    verb = "Take it out"
    is_typed = True

    def subject(self, form: forms.Form) -> str:
        return f"broker {self.kwargs['broker']}"

    def get_title(self) -> str:
        return f"Take broker {self.kwargs['broker']} out of the cluster"

    def back(self) -> str:
        return reverse("cluster:broker", args=[self.kwargs["broker"]])

    def plan(self, form: forms.Form) -> Plan:
        broker = self._broker()
        if broker.holds:
            raise RefusedError(
                f"It holds {number(broker.holds)} replicas: move everything off it first (its page has the link)."
            )
        if broker.alive:
            raise RefusedError("It holds nothing and is still up: stop its process, then take it out here.")
        return Plan(
            {"address": broker.address, "rack": broker.rack},
            {},
            "the controller forgets it. Started again with the same number, it joins as a new one.",
        )

    def carry_out(self, form: forms.Form, plan: Plan) -> Done:
        unregister(self.kwargs["broker"])
        return Done(
            f"Broker {self.kwargs['broker']} is no part of the cluster any more.",
            address=reverse("cluster:overview"),
        )

    def _broker(self) -> Broker:
        found = next((b for b in cluster_now().brokers if b.id == self.kwargs["broker"]), None)
        if found is None:
            raise UnknownError(
                f"The cluster has no broker {self.kwargs['broker']}.", reverse("cluster:overview")
            )
        return found
