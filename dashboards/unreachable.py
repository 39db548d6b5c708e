"""When the data servers are away: a plain page that says so, instead of an error."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.shortcuts import render
from redis.exceptions import ClusterDownError, ConnectionError, RedisClusterException, TimeoutError

from accounts.requests import Request

log = logging.getLogger(__name__)
P = ParamSpec("P")

# ImproperlyConfigured: cluster.connections knows no server's address.
AWAY = (ConnectionError, TimeoutError, ClusterDownError, RedisClusterException, ImproperlyConfigured)


def needs_data_servers(
    view: Callable[Concatenate[Request, P], HttpResponse],
) -> Callable[Concatenate[Request, P], HttpResponse]:
    """Answer 503 with a page in plain words where `view` cannot reach the data cluster."""

    @wraps(view)
    def guarded(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except AWAY as error:
            log.warning("%s: the data servers are not reachable: %s", request.path, error)
            return render(request, "503.html", {"retry": request.get_full_path()}, status=503)

    return guarded
