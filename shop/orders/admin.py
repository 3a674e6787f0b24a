"""Orders in the admin: what happened to each, how it was at any moment, and giving one back."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods

from recommendations.admin.cells import badge
from recommendations.admin.readonly import ReadOnlyAdmin
from shop.orders import history, paying
from shop.orders.models import OrderView
from shop.orders.order import NotNowError, Status

TONES = {Status.PAID: "success", Status.PAYING: "warning", Status.PLACED: "info", Status.REFUNDED: "danger"}


@admin.register(OrderView)
class OrderAdmin(ReadOnlyAdmin):
    """Read from the projection; an order's own page reads its facts."""

    list_display = ["number", "state", "things", "total", "placed_at", "changed_at"]
    list_filter = ["status"]
    ordering = ["-placed_at"]
    search_fields = ["order_id"]
    search_help_text = "The number of an order (ABCD-EFGH) or its whole id."
    explanation = (
        "What the shop's customers ordered. An order's only state is its facts: open one to see them all, "
        "and how it was after each."
    )
    empty = "Nobody has ordered anything yet."

    @admin.display(description="Status", ordering="status")
    def state(self, order: OrderView) -> str:
        return badge(order.get_status_display(), TONES.get(Status(order.status), "default"))

    @admin.display(description="Things")
    def things(self, order: OrderView) -> int:
        return order.quantity

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        found = history.ids_of(search_term)
        if search_term and found is None:
            return queryset.none(), False
        return (queryset.filter(order_id__range=found) if found else queryset), False

    def get_urls(self) -> list[URLPattern]:
        refund = self.admin_site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(self.refund))
        own = path("<uuid:order_id>/refund/", refund, name="shop_orderview_refund")
        return [own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The facts, and the state after the one that `?version=` names."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = request.GET.get("version", "")
        version = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else None
        shown = history.of_order(_id_of(object_id), version)
        if shown is None:
            raise Http404("There is no such order, or it has no such version.")
        may_refund = request.user.has_perm("shop.refund_order") and shown.now.status is Status.PAID
        context = {"title": f"Order {shown.now.number}", "shown": shown, "may_refund": may_refund}
        return render(request, "shop/admin/order.html", self.admin_site.each_context(request) | context)

    def refund(self, request: HttpRequest, order_id: UUID) -> HttpResponse:
        """Asks first. What is done stands among the order's facts, with who did it, and in the admin's history."""
        if not request.user.has_perm("shop.refund_order"):
            raise PermissionDenied
        shown = history.of_order(order_id, None)
        if shown is None:
            raise Http404("There is no such order.")
        reason = request.POST.get("reason", "").strip()[:200]
        if request.method == "POST" and reason:
            try:
                paying.refund(order_id, reason, request.user.get_username())
            except NotNowError as error:
                messages.error(request, str(error))
            else:
                self._enter(request, order_id, shown.now.number, reason)
                messages.success(
                    request, f"Order {shown.now.number} was refunded; its goods are in stock again."
                )
            return redirect(reverse("admin:shop_orderview_change", args=[order_id]))
        context = {
            "title": f"Refund order {shown.now.number}",
            "shown": shown,
            "said": "Say why: it stands among the order's facts." if request.method == "POST" else "",
        }
        return render(
            request,
            "shop/admin/refund.html",
            self.admin_site.each_context(request) | context,
            status=400 if context["said"] else 200,
        )

    def _enter(self, request: HttpRequest, order_id: UUID, number: str, reason: str) -> None:
        LogEntry.objects.log_actions(
            user_id=str(request.user.pk),
            queryset=OrderView.objects.filter(order_id=order_id),
            action_flag=CHANGE,
            change_message=str(format_html("Refunded order {}: {}", number, reason)),
            single_object=True,
        )


def _id_of(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404("This is no order's id.") from error
