from django.urls import path

from recommendations.admin.facts import HistoriesPage, PairsPage
from recommendations.admin.lists import RankedPage

app_name = "model"
urlpatterns = [
    path("model/histories/", HistoriesPage.as_admin_view(), name="histories"),
    path("model/pairs/", PairsPage.as_admin_view(), name="pairs"),
    path("model/ranked/", RankedPage.as_admin_view(), name="ranked"),
]
