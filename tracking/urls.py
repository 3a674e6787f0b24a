from django.urls import path, register_converter

from tracking.events import EventType
from tracking.views import collect


class CallConverter:
    """The calls of the tracking API as they stand in its addresses."""

    regex = "|".join([*EventType, "batch"])

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(CallConverter, "call")

urlpatterns = [path("<call:kind>", collect, name="collect")]
