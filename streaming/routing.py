from channels.sessions import CookieMiddleware
from django.urls import path

from streaming.admin.live.socket import LiveConsumer

websocket_urlpatterns = [path("ws/admin/activity/", CookieMiddleware(LiveConsumer.as_asgi()))]
