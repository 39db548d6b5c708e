"""Every task is sent to a queue whose worker knows it; any other would be thrown away unseen."""

import pytest
from celery import Celery

from aktivat_site import celery, slow_celery
from aktivat_site.up import parts
from aktivat_site.up.parts import Part


def queues(part: Part) -> set[str]:
    return set(part.command[part.command.index("-Q") + 1].split(","))


@pytest.mark.parametrize(
    ("app", "worker"), [(celery.app, parts.worker()), (slow_celery.app, parts.slow_worker())], ids=["worker", "slow"]
)
def test_a_worker_is_sent_what_it_knows(app: Celery, worker: Part) -> None:
    app.loader.import_default_modules()
    related = "slow_tasks" if app is slow_celery.app else "tasks"
    known = [name for name in app.tasks if name.split(".")[-2] == related]
    assert known
    for name in known:
        assert app.amqp.router.route({}, name)["queue"].name in queues(worker), name


def test_what_beat_sends_is_known_to_somebody() -> None:
    celery.app.loader.import_default_modules()
    slow_celery.app.loader.import_default_modules()
    for entry in celery.app.conf.beat_schedule.values():
        assert entry["task"] in {*celery.app.tasks, *slow_celery.app.tasks}
