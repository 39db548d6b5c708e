from importlib import import_module

from django.apps import AppConfig
from django.conf import settings

from tracking.bitmaps.layouts.cache import cache


class TrackingConfig(AppConfig):
    name = "tracking"

    def ready(self) -> None:
        import_module("tracking.receivers")  # it needs all models
        cache.limit = settings.CACHE_BYTES
