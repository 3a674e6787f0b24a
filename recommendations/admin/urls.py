from django.urls import path

from recommendations.admin.facts import HistoriesPage, PairsPage
from recommendations.admin.in_use import InUsePage
from recommendations.admin.lists import RankedPage

app_name = "model"
urlpatterns = [
    path("model/histories/", HistoriesPage.as_admin_view(), name="histories"),
    path("model/pairs/", PairsPage.as_admin_view(), name="pairs"),
    path("model/in-use/", InUsePage.as_admin_view(), name="in_use"),
    path("model/ranked/", RankedPage.as_admin_view(), name="ranked"),
]
