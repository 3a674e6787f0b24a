"""Every address of the product, from its apps."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

handler404 = "config.errors.not_found"
urlpatterns = [
    path("admin/", include("streaming.admin.urls")),
    path("admin/", include("recommendations.admin.urls")),
    path("admin/", admin.site.urls),
    path("v1/visitors/", include("tracking.erasure_urls")),
    path("api/events/", include("tracking.schema_urls")),
    path("api/recommendations/", include("recommendations.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("", include("streaming.urls")),
    path("", include("shop.urls")),
]
