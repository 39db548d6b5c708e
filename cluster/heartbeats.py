"""Who is alive: each worker leaves a mark on the broker that fades when it stops renewing it."""

import time

from cluster.connections import broker

WORKER = "aktivat::heartbeat::worker"
FADES_AFTER_SECONDS = 30


def beat() -> None:
    broker().set(WORKER, int(time.time()), ex=FADES_AFTER_SECONDS)


def worker_is_alive() -> bool:
    return bool(broker().exists(WORKER))
