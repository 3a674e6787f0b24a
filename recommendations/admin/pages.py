"""Admin pages that are not of one model: the cluster's, and those of tables with composite keys."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.generic import TemplateView

from recommendations.admin.cells import Cell, Table


class AdminPage(PermissionRequiredMixin, TemplateView):
    """A page inside the admin's frame. `title` and `permission_required` are the subclass's to set."""

    title: str = ""
    template_name = "recommendations/admin/page.html"
    http_method_names = ["get", "head", "options"]
    refresh: ClassVar[int] = 0
    """Seconds after which the page reads its content anew; 0 for never."""

    @classmethod
    def as_admin_view(cls) -> Callable[..., HttpResponseBase]:
        """The view, for the admin's users only."""
        view: Callable[..., HttpResponseBase] = admin.site.admin_view(cls.as_view())
        return view

    def get_title(self) -> str:
        return self.title

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **admin.site.each_context(self.request),
            "title": self.get_title(),
            "refresh": self.refresh,
            **super().get_context_data(**kwargs),
        }


class RecordsPage(AdminPage):
    """A searchable, paged table of a model that Django's admin cannot register for its composite key.

    It counts nothing: a page knows only whether there is a next one.
    """

    template_name = "recommendations/admin/records.html"
    page_size: ClassVar[int] = 50
    headers: ClassVar[Sequence[str]]
    search_help: ClassVar[str]
    explanation: ClassVar[str]
    empty: ClassVar[str]

    def records(self, search: str) -> QuerySet[Any]:
        """The rows to show, in order; `search` is empty where nothing is searched for."""
        raise NotImplementedError

    def row(self, record: Any) -> Sequence[Cell]:
        raise NotImplementedError

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        search = self.request.GET.get("q", "").strip()
        page = page_number(self.request)
        first = (page - 1) * self.page_size
        found: list[Model] = list(self.records(search)[first : first + self.page_size + 1])
        shown = found[: self.page_size]
        return super().get_context_data(
            **kwargs,
            search=search,
            search_help=self.search_help,
            explanation=self.explanation,
            empty=f"Nothing found for “{search}”." if search else self.empty,
            table=Table(headers=self.headers, rows=self._rows(shown)),
            page=page,
            previous=self._address(search, page - 1) if page > 1 else "",
            next=self._address(search, page + 1) if len(found) > self.page_size else "",
        )

    def _rows(self, records: Iterable[Any]) -> list[Sequence[Cell]]:
        return [self.row(record) for record in records]

    def _address(self, search: str, page: int) -> str:
        return "?" + urlencode({"q": search, "p": page} if search else {"p": page})


def page_number(request: HttpRequest) -> int:
    """The page asked for, from 1; 1 for what is no number."""
    asked = request.GET.get("p", "1")
    return max(1, min(int(asked), 100_000)) if asked.isdecimal() else 1
