"""The addresses of the shop."""

from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView

from shop import pictures, views

app_name = "shop"
urlpatterns = [
    path("", views.home, name="home"),
    path("c/<slug:slug>/", views.category, name="category"),
    path("p/<slug:product_id>/", views.product, name="product"),
    path("search/", views.search, name="search"),
    path("img/<slug:product_id>.svg", pictures.product_picture, name="product-picture"),
    path("img/category/<slug:slug>.svg", pictures.category_picture, name="category-picture"),
    path("robots.txt", views.robots, name="robots"),
    path("favicon.ico", RedirectView.as_view(url=static("shop/mark.svg"), permanent=True)),
]
