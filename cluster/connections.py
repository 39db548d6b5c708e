"""The one place that opens connections to Valkey.

Nothing here retries by itself. A client that re-sends a MULTI after a lost reply sends it without
its WATCH, and the batch counts twice (redis-py 8.1 with its ten default retries: 3 times of 3). So
each caller that writes reads its position again after an error, and only then sends anything.
"""

from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from redis import Redis
from redis.asyncio.cluster import RedisCluster as AsyncRedisCluster
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.exceptions import AskError, ClusterDownError, MovedError, ReadOnlyError, TryAgainError
from redis.retry import Retry

CONNECT_SECONDS = 3
REPLY_SECONDS = 20


def data_client(url: str = "") -> RedisCluster:
    """A new client of the data cluster. Raises ImproperlyConfigured when no address is known."""
    return RedisCluster.from_url(
        url or _known(settings.CLUSTER_URL, "AKTIVAT_CLUSTER"),
        retry=Retry(NoBackoff(), 0),
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=REPLY_SECONDS,
    )


@cache
def data() -> RedisCluster:
    """This process's client of the data cluster (thread-safe)."""
    return data_client()


def shard(key: str) -> Redis:
    """The master that holds `key`, and with it all that shares its hash tag.

    Its pipelines need no slot arithmetic for each command. When the slot has moved on it raises one
    of MOVED; then `find_shards_again`.
    """
    client = data()
    node = client.get_node_from_key(key)
    assert node is not None  # only a cluster with unassigned slots has none; from_url refuses that
    return client.get_redis_connection(node)


def find_shards_again() -> None:
    """Ask the cluster anew which master holds what."""
    data().nodes_manager.initialize()


# What a command answers when its slot is elsewhere, on its way, or nowhere for the moment.
MOVED = (MovedError, AskError, TryAgainError, ClusterDownError, ReadOnlyError)


def data_async() -> AsyncRedisCluster:
    """A new client of the data cluster for the running event loop."""
    return AsyncRedisCluster.from_url(
        _known(settings.CLUSTER_URL, "AKTIVAT_CLUSTER"),
        retry=AsyncRetry(NoBackoff(), 0),
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=REPLY_SECONDS,
    )


@cache
def broker() -> Redis:
    """This process's client of the broker (thread-safe)."""
    return Redis.from_url(
        _known(settings.BROKER_URL, "AKTIVAT_BROKER"),
        retry=Retry(NoBackoff(), 0),
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=REPLY_SECONDS,
    )


def _known(url: str, variable: str) -> str:
    if not url:
        raise ImproperlyConfigured(
            f"No server is known: start Aktivat with ./aktivat up, or set {variable} to its address."
        )
    return url
