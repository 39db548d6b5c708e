"""/healthz: the process is alive. /readyz: each part's state; 503 until all are up.

Texts say what is wrong in a few plain words and never an address with its password: anybody who
reaches the server may read them.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from redis.exceptions import RedisError

from cluster import heartbeats
from cluster.connections import broker, data

SECONDS_TO_ANSWER = 2.0
State = dict[str, Any]

# A part that hangs keeps a thread until its own time-out; the others still have theirs.
_threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="readyz")


class NotReady(Exception):
    """The text says why, in a few words."""


@never_cache
@login_not_required
def healthz(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain; charset=utf-8")


@never_cache
@login_not_required
def readyz(_request: HttpRequest) -> JsonResponse:
    asked = {name: _threads.submit(check) for name, check in CHECKS.items()}
    parts = {name: _state(answer) for name, answer in asked.items()}
    ready = all(part["ok"] for part in parts.values())
    return JsonResponse({"ready": ready, "parts": parts}, status=200 if ready else 503)


def _state(answer: Future[State]) -> State:
    try:
        return {"ok": True, **answer.result(timeout=SECONDS_TO_ANSWER)}
    except TimeoutError:
        return {"ok": False, "error": f"no answer within {SECONDS_TO_ANSWER:.0f} seconds"}
    except NotReady as why:
        return {"ok": False, "error": str(why)}
    except (DatabaseError, RedisError, ImproperlyConfigured, OSError) as error:
        return {"ok": False, "error": f"cannot be reached ({type(error).__name__})"}


def _database() -> State:
    """Answers, and has every migration: a newer version's pages must wait for them."""
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise NotReady("migrations are missing")
    finally:
        connection.close()  # this thread's own
    return {}


def _cluster() -> State:
    client = data()
    if client.cluster_info(target_nodes="random")["cluster_state"] != "ok":
        raise NotReady("not all of its slots are served")
    return {"durability": _durability(client.execute_command("CONFIG GET", "append*", target_nodes="random"))}


def _durability(settings: dict[str, str]) -> str:
    """What an acknowledged write has survived: `fsync`, `everysec`, or `none`."""
    if settings["appendonly"] != "yes":
        return "none"
    return {"always": "fsync", "everysec": "everysec"}.get(settings["appendfsync"], "none")


def _broker() -> State:
    broker().ping()
    return {}


def _worker() -> State:
    if not heartbeats.worker_is_alive():
        raise NotReady(f"no sign of life for {heartbeats.FADES_AFTER_SECONDS} seconds")
    return {}


CHECKS: dict[str, Callable[[], State]] = {
    "database": _database,
    "cluster": _cluster,
    "broker": _broker,
    "worker": _worker,
}
