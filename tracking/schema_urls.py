from django.urls import path

from tracking.views import schema

urlpatterns = [path("schema.json", schema, name="event-schema")]
