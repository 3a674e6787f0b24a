"""Brokers join the cluster and leave it."""

from django import forms
from django.urls import reverse

from recommendations.admin.cells import number
from streaming.admin.changing import ChangePage, Done
from streaming.admin.operating.topic_pages import cluster_now
from streaming.admin.unknown import UnknownError
from streaming.changes import Plan, RefusedError
from streaming.cluster import Broker
from streaming.operating.brokers import unregister


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
