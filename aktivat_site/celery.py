"""The Celery application. Its queues and schedule are `CELERY` in the settings."""

import gc
import os

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aktivat_site.settings")


def application(modules: str) -> Celery:
    """An application whose workers know the tasks in the modules of that name."""
    made = Celery("aktivat")
    made.config_from_object("aktivat_site.settings:CELERY")
    made.autodiscover_tasks(related_name=modules)
    return made


app = application("tasks")


@worker_init.connect  # type: ignore[untyped-decorator] # Celery has no types
def keep_shared(sender: object, **_: object) -> None:
    """What is there before a worker makes its processes stays one copy in memory: nothing searches it for cycles."""
    sender.app.loader.import_default_modules()  # type: ignore[attr-defined]
    gc.collect()
    gc.freeze()
