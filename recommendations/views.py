"""The lists over HTTP. OpenAPI is drawn from these at /api/schema/.

`recommendations.serving` answers most requests before they come here; what is wrong with the others is said here.
"""

from datetime import datetime

from django.conf import settings
from django.utils.decorators import method_decorator
from django.utils.module_loading import import_string
from django.views.decorators.cache import cache_control
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recommendations import asking
from recommendations.rules.models import ListName
from recommendations.selectors import serve
from recommendations.serializers import ListSerializer

LIMIT = OpenApiParameter("limit", int, description=f"1 to {asking.MAX_LIMIT}; 12 unless told.")
CATEGORY = OpenApiParameter("category", str, description="Only products of this category.")
PERSONAL = cache_control(private=True, no_store=True)


class ListView(APIView):
    """What the list endpoints share: what they make of a wrong parameter, and who may read."""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, asking.WrongParameterError):
            exc = ValidationError({exc.name: exc.detail})
        return super().handle_exception(exc)

    def may_read(self) -> bool:
        """Whether the request bears a key that may read what is not its own visitor's."""
        return bool(
            import_string(settings.RECOMMENDATIONS_MAY_READ)(self.request.headers.get("Authorization", ""))
        )


@method_decorator(PERSONAL, "dispatch")
class OwnList(ListView):
    @extend_schema(
        operation_id="recommendations_own_retrieve", parameters=[LIMIT, CATEGORY], responses=ListSerializer
    )
    def get(self, request: Request) -> Response:
        """The list of the asking browser's own visitor, known by the cookie."""
        return Response(serve(asking.for_visitor(request.visitor_id, request.query_params.dict())))  # type: ignore[attr-defined]


@method_decorator(PERSONAL, "dispatch")
class VisitorsList(ListView):
    list_name: str = ListName.VISITOR

    @extend_schema(parameters=[LIMIT, CATEGORY], responses=ListSerializer)
    def get(self, request: Request, visitor_id: str) -> Response:
        """Any visitor's list, for their own browser or a key that may read."""
        asked = asking.for_visitor(visitor_id, request.query_params.dict(), self.list_name)
        if visitor_id != request.visitor_id and not self.may_read():  # type: ignore[attr-defined]
            raise PermissionDenied("Another visitor's list takes a key that may read, as Basic user name.")
        return Response(serve(asked))


class AgainList(VisitorsList):
    """What the visitor may buy again: what is due by their own rhythm, or the product's, comes first."""

    list_name = ListName.AGAIN


class RecentList(VisitorsList):
    """What the visitor looked at, the newest first."""

    list_name = ListName.RECENT


class SimilarList(ListView):
    list_name: str = ListName.SIMILAR

    @extend_schema(parameters=[LIMIT, CATEGORY], responses=ListSerializer)
    def get(self, request: Request, product_id: str) -> Response:
        """The products most similar to one."""
        return Response(serve(asking.for_product(product_id, request.query_params.dict(), self.list_name)))


class TogetherList(SimilarList):
    """The products most often put into baskets and orders together with one."""

    list_name = ListName.TOGETHER


class TrendingList(ListView):
    list_name: str = ListName.TRENDING

    @extend_schema(parameters=[LIMIT, CATEGORY], responses=ListSerializer)
    def get(self, request: Request) -> Response:
        """What is trending now, then what is popular."""
        return Response(serve(asking.for_everybody(request.query_params.dict(), self.list_name)))


class NewList(TrendingList):
    """What came into the shop last."""

    list_name = ListName.NEW


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
        try:
            asked = asking.for_products(request.query_params.dict(), may_read=self.may_read())
        except asking.NeedsReaderError as error:
            raise PermissionDenied(
                "asOf and unlisted take a key that may read, as Basic user name."
            ) from error
        return Response(serve(asked))
