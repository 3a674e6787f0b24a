"""The addresses of the shop."""

from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView

from shop import accounts, pictures, privacy, views
from shop.basket import views as basket
from shop.mydata import pages as mydata
from shop.orders import views as orders
from shop.reviews import views as reviews
from shop.wishes import views as wishes

app_name = "shop"
urlpatterns = [
    path("", views.home, name="home"),
    path("c/<slug:slug>/", views.category, name="category"),
    path("p/<slug:product_id>/", views.product, name="product"),
    path("search/", views.search, name="search"),
    path("cart/", basket.cart, name="cart"),
    path("cart/add/", basket.add, name="add-to-cart"),
    path("cart/change/", basket.change, name="change-cart"),
    path("checkout/", orders.checkout, name="checkout"),
    path("orders/", orders.orders, name="orders"),
    path("orders/<uuid:order_id>/", orders.order, name="order"),
    path("orders/<uuid:order_id>/pay/", orders.pay, name="pay"),
    path("orders/<uuid:order_id>/settle/", orders.settle, name="settle"),
    path("orders/<uuid:order_id>/cancel/", orders.cancel, name="cancel-order"),
    path("p/<slug:product_id>/review/", reviews.review, name="review"),
    path("wishes/", wishes.wishes, name="wishes"),
    path("wishes/<slug:product_id>/", wishes.change, name="wish"),
    path("me/", privacy.me, name="me"),
    path("me/events/", mydata.events, name="my-events"),
    path("me/export/", mydata.export, name="my-export"),
    path("me/consent/", privacy.choose, name="consent"),
    path("me/erase/", privacy.erase, name="erase"),
    path("me/sign-up/", accounts.SignUp.as_view(), name="sign-up"),
    path("me/log-in/", accounts.LogIn.as_view(), name="log-in"),
    path("me/log-out/", accounts.log_out, name="log-out"),
    path("img/<slug:product_id>.svg", pictures.product_picture, name="product-picture"),
    path("img/category/<slug:slug>.svg", pictures.category_picture, name="category-picture"),
    path("robots.txt", views.robots, name="robots"),
    path("favicon.ico", RedirectView.as_view(url=static("shop/mark.svg"), permanent=True)),
]
