from django.urls import path

from recommendations import views

urlpatterns = [
    path("", views.ProductsList.as_view(), name="recommendations-for-products"),
    path("visitor/", views.OwnList.as_view(), name="recommendations-own"),
    path("visitor/<str:visitor_id>/", views.VisitorsList.as_view(), name="recommendations-of-visitor"),
    path("visitor/<str:visitor_id>/again/", views.AgainList.as_view(), name="recommendations-again"),
    path("visitor/<str:visitor_id>/recent/", views.RecentList.as_view(), name="recommendations-recent"),
    path("product/<str:product_id>/", views.SimilarList.as_view(), name="recommendations-similar"),
    path("product/<str:product_id>/together/", views.TogetherList.as_view(), name="recommendations-together"),
    path("new/", views.NewList.as_view(), name="recommendations-new"),
    path("trending/", views.TrendingList.as_view(), name="recommendations-trending"),
]
