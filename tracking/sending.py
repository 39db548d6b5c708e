"""Commands to whichever shards hold their keys: one pipeline for each shard, and an answer for each command.

A shard that is away fails its own commands and nobody else's. Nothing is sent twice from here.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from redis.exceptions import OutOfMemoryError, RedisClusterException, RedisError, ResponseError

from cluster.connections import MOVED, data_async

log = logging.getLogger(__name__)

Command = tuple[Any, ...]
FAILURES = (RedisError, RedisClusterException, OSError)


class Sending:
    """A client of the data cluster for the running event loop."""

    def __init__(self) -> None:
        self._client = data_async()

    async def close(self) -> None:
        await self._client.aclose()

    def shard_of(self, key: str) -> str:
        """The name of the shard that holds `key`; empty while no shard is known."""
        try:
            node = self._client.get_node_from_key(key)
        except RedisClusterException:  # the slot is nobody's at the moment
            node = None
        return str(node.name) if node else ""

    async def look_again(self) -> None:
        """Ask the cluster which shard holds what now. One that does not answer changes nothing."""
        try:
            await self._client.nodes_manager.initialize()
        except FAILURES as error:
            log.info("the cluster does not answer: %s", error)

    async def send(self, commands: Sequence[tuple[str, Command]]) -> list[Any]:
        """The reply to each (key, command), or the exception that stands for it. Those of one shard keep their order.

        After an exception that is none of the server's answers nobody knows whether the command was carried out.
        """
        if not commands:
            return []
        try:
            await self._client.initialize()
        except FAILURES as error:
            return [error] * len(commands)
        by_shard: dict[str, list[int]] = {}
        for place, (key, _) in enumerate(commands):
            by_shard.setdefault(self.shard_of(key), []).append(place)
        replies: list[Any] = [None] * len(commands)
        found = await asyncio.gather(
            *(self._pipeline([commands[place][1] for place in places]) for places in by_shard.values())
        )
        for places, answers in zip(by_shard.values(), found, strict=True):
            for place, answer in zip(places, answers, strict=True):
                replies[place] = answer
        return replies

    async def _pipeline(self, commands: list[Command]) -> list[Any]:
        pipe = self._client.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)
        try:
            return list(await pipe.execute(raise_on_error=False))
        except FAILURES as error:
            return [error] * len(commands)


def is_away(error: Exception) -> bool:
    """Whether the shard may take the same later: it does not answer, is being moved, or has no room."""
    if isinstance(error, (OutOfMemoryError, *MOVED)) or str(error).startswith("MISCONF"):
        return True
    return not isinstance(error, ResponseError)
