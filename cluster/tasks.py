"""Celery tasks of the cluster; the schedule is in the settings."""

from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from cluster import heartbeats


@shared_task
def heartbeat() -> None:
    heartbeats.beat()


@worker_ready.connect
def _beat_at_once(**_: Any) -> None:
    """A worker that is ready says so now, not at the schedule's next tick."""
    heartbeats.beat()
