"""The ASGI application of `web`: the collector, the lists, Django, and the sockets."""

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
http = get_asgi_application()

from config.origins import OwnOrigin  # noqa: E402  (Django must be set up first)
from recommendations.routing import websocket_urlpatterns  # noqa: E402
from recommendations.serving.app import Lists  # noqa: E402
from streaming.routing import websocket_urlpatterns as admin_urlpatterns  # noqa: E402
from tracking.collector.app import Collector  # noqa: E402
from tracking.visitors import VisitorScope, asking_visitor  # noqa: E402

NO_SUCH_SOCKET = 4404


async def no_such_socket(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Closes it; after accepting, since a browser is told the code of no socket that never opened."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": NO_SUCH_SOCKET, "reason": "There is no socket here."})


every_other = re_path("", no_such_socket)  # type: ignore[arg-type]
sockets = URLRouter([*websocket_urlpatterns, *admin_urlpatterns, every_other])
lists = Lists(http, "/api/recommendations/", asking_visitor)
collector = Collector(lists)
application = ProtocolTypeRouter(
    {"http": collector, "lifespan": collector.lifespan, "websocket": OwnOrigin(VisitorScope(sockets))}
)
