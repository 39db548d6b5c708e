"""The Celery application. Its queues and schedule are `CELERY` in the settings."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aktivat_site.settings")

app = Celery("aktivat")
app.config_from_object("aktivat_site.settings:CELERY")
app.autodiscover_tasks()
