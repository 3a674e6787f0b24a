"""The lists over HTTP. OpenAPI is drawn from these at /api/schema/."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.dateparse import parse_datetime
from django.utils.decorators import method_decorator
from django.utils.module_loading import import_string
from django.views.decorators.cache import cache_control
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recommendations import selectors
from recommendations.serializers import ListSerializer

LIMIT = OpenApiParameter("limit", int, description=f"1 to {selectors.MAX_LIMIT}; 12 unless told.")
FIRST_YEAR, LAST_YEAR = 2000, 2100
"""Of `asOf`. Weights decay by halves: centuries away from the landmark they no longer fit a float."""
FLAGS = {"1": True, "true": True, "0": False, "false": False}
CATEGORY = OpenApiParameter("category", str, description="Only products of this category.")


PERSONAL = cache_control(private=True, no_store=True)


class ListView(APIView):
    """What the list endpoints share: their parameters and the shape of the answer."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuses by name what Postgres cannot even look for."""
        super().initial(request, *args, **kwargs)
        for name, value in {**request.query_params.dict(), **kwargs}.items():
            if "\0" in value:
                raise ValidationError({name: "holds a NUL character, which nothing here has in its name"})

    def limit(self) -> int:
        raw = self.request.query_params.get("limit", "12")
        try:
            limit = int(raw)
        except ValueError:
            limit = 0
        if not 1 <= limit <= selectors.MAX_LIMIT:
            raise ValidationError(
                {"limit": f"{raw!r}: it accepts a whole number from 1 to {selectors.MAX_LIMIT}"}
            )
        return limit

    def category(self) -> str | None:
        return self.request.query_params.get("category") or None

    def may_read(self) -> bool:
        """Whether the request bears a key that may read what is not its own visitor's."""
        return bool(import_string(settings.RECOMMENDATIONS_MAY_READ)(self.request._request))


@method_decorator(PERSONAL, "dispatch")
class OwnList(ListView):
    @extend_schema(
        operation_id="recommendations_own_retrieve", parameters=[LIMIT, CATEGORY], responses=ListSerializer
    )
    def get(self, request: Request) -> Response:
        """The list of the asking browser's own visitor, known by the cookie."""
        return Response(selectors.list_for_visitor(request.visitor_id, self.limit(), self.category()))  # type: ignore[attr-defined]


@method_decorator(PERSONAL, "dispatch")
class VisitorsList(ListView):
    @extend_schema(parameters=[LIMIT, CATEGORY], responses=ListSerializer)
    def get(self, request: Request, visitor_id: str) -> Response:
        """Any visitor's list, for their own browser or a key that may read."""
        if visitor_id != request.visitor_id and not self.may_read():  # type: ignore[attr-defined]
            raise PermissionDenied("Another visitor's list takes a key that may read, as Basic user name.")
        return Response(selectors.list_for_visitor(visitor_id, self.limit(), self.category()))


class SimilarList(ListView):
    @extend_schema(parameters=[LIMIT, CATEGORY], responses=ListSerializer)
    def get(self, request: Request, product_id: str) -> Response:
        """The products most similar to one."""
        return Response(selectors.similar_products(product_id, self.limit(), self.category()))


class TrendingList(ListView):
    @extend_schema(parameters=[LIMIT, CATEGORY], responses=ListSerializer)
    def get(self, request: Request) -> Response:
        """What is trending now, then what is popular."""
        return Response(selectors.trending_products(self.limit(), self.category()))


class ProductsList(ListView):
    @extend_schema(
        parameters=[
            OpenApiParameter(
                "products", str, required=True, description="Product ids, comma-separated, newest last."
            ),
            LIMIT,
            CATEGORY,
            OpenApiParameter(
                "asOf", datetime, description="Compute as of this moment; takes a key that may read."
            ),
            OpenApiParameter(
                "unlisted", bool, description="Bare ids, known or not; takes a key that may read."
            ),
        ],
        responses=ListSerializer,
    )
    def get(self, request: Request) -> Response:
        """The list for a visitor whose newest products are these; they are left out of it."""
        query = request.query_params
        products = [product for product in query.get("products", "").split(",") if product]
        if not products:
            raise ValidationError(
                {"products": "is missing: it accepts product ids, comma-separated, newest last"}
            )
        as_of = self._as_of(query.get("asOf"))
        unlisted = self._flag("unlisted", query.get("unlisted") or "0")
        if (as_of or unlisted) and not self.may_read():
            raise PermissionDenied("asOf and unlisted take a key that may read, as Basic user name.")
        return Response(selectors.list_for_products(products, self.limit(), self.category(), as_of, unlisted))

    @staticmethod
    def _as_of(raw: str | None) -> datetime | None:
        if not raw:
            return None
        try:
            moment = parse_datetime(raw)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise ValidationError({"asOf": f"{raw!r}: it accepts an RFC 3339 time with its zone"})
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise ValidationError({"asOf": f"{raw!r}: it accepts a year from {FIRST_YEAR} to {LAST_YEAR}"})
        return moment

    @staticmethod
    def _flag(name: str, raw: str) -> bool:
        if raw.lower() not in FLAGS:
            raise ValidationError({name: f"{raw!r}: it accepts 1 or 0, true or false"})
        return FLAGS[raw.lower()]
