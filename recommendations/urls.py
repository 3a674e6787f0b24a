from django.urls import path

from recommendations import views

urlpatterns = [
    path("", views.ProductsList.as_view(), name="recommendations-for-products"),
    path("visitor/", views.OwnList.as_view(), name="recommendations-own"),
    path("visitor/<str:visitor_id>/", views.VisitorsList.as_view(), name="recommendations-of-visitor"),
    path("product/<str:product_id>/", views.SimilarList.as_view(), name="recommendations-similar"),
    path("trending/", views.TrendingList.as_view(), name="recommendations-trending"),
]
