"""One port for everything: /track/ and the sources' paths go to the collector, static files come from their folder,
all else is Django's.

The server's lifespan starts and stops the collector, so that what it has taken is written before
the process ends. Django knows no lifespan and never sees it.
"""

import gc
import os

from django.conf import settings
from django.core.asgi import get_asgi_application
from servestatic import ServeStaticASGI

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aktivat_site.settings")
django_application = get_asgi_application()

# These need Django to be set up; the Celery application sends the wake-ups of the drain.
from aktivat_site.celery import app as celery_app  # noqa: E402
from tracking.collector import Collector, Receive, Scope, Send  # noqa: E402
from tracking.sources.registry import TRACKER  # noqa: E402

celery_app.set_default()
collector = Collector()
collect_paths = frozenset(settings.COLLECT_PATHS)
pages = ServeStaticASGI(django_application, root=settings.STATIC_ROOT, prefix=settings.STATIC_URL)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http" and scope["path"] in collect_paths:
        await collector({**scope, "path": TRACKER[1]}, receive, send)
    elif scope["type"] == "http" and (scope["path"] in collector.paths or scope["path"].startswith("/track/")):
        await collector(scope, receive, send)
    elif scope["type"] == "http":
        await pages(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 4404})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await collector.start()
            _look_less_for_cycles()
            await send({"type": "lifespan.startup.complete"})
        else:
            await collector.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


def _look_less_for_cycles() -> None:
    """Few objects of a request are in cycles, and all that was imported stays: a tenth of the collector's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20)
