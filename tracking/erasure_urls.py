from django.urls import re_path

from tracking.erasure_views import erase

urlpatterns = [re_path(r"^(?P<visitor_id>.+?)/?$", erase, name="erase-visitor")]
