"""The ASGI application of `web`: Django over HTTP, the recommendation socket over WebSocket."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
http = get_asgi_application()

from recommendations.routing import websocket_urlpatterns  # noqa: E402  (Django must be set up first)
from tracking.visitors import VisitorScope  # noqa: E402

application = ProtocolTypeRouter(
    {"http": http, "websocket": AllowedHostsOriginValidator(VisitorScope(URLRouter(websocket_urlpatterns)))}
)
