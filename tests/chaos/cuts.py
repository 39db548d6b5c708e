"""Connections to the data server that lose the replies of transactions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from redis.exceptions import ConnectionError, WatchError

from cluster.connections import data, find_shards_again
from tests.environment import DATA
from tests.proxy import CuttingProxy

TRIES = 40


@contextmanager
def cutting(cuts: Callable[[int], bool]) -> Iterator[CuttingProxy]:
    """Inside the block everything goes through a proxy that cuts the n-th EXEC from its reply where `cuts(n)`."""
    proxy = CuttingProxy(DATA.port, cuts)
    data().config_set("cluster-announce-port", proxy.port)
    find_shards_again()
    try:
        yield proxy
    finally:
        proxy.cuts = lambda _: False
        data().config_set("cluster-announce-port", 0)
        find_shards_again()
        proxy.close()


def patiently(work: Callable[[], object], done: Callable[[], bool]) -> None:
    """As the sweeps do: the work again after every error, until it is done."""
    for _ in range(TRIES):
        try:
            work()
            if done():
                return
        except (ConnectionError, WatchError):
            continue
    raise AssertionError("It is never done.")
