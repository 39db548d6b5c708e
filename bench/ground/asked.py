"""The standard questions asked of Aktivat itself, through its own reading. Needs Django set up.

    data set ──► files of the archive ──► rebuild ──► Valkey ──► tracking.reading ──► the answer

What the process keeps between two questions are slots of bitmaps and totals, as in production, never an answer.
Cold is a process that holds nothing, with its connection made anew: each question fetches all that it needs.
"""

import statistics
import time
from collections.abc import Sequence
from datetime import date
from functools import partial

from bench.dataset import Dataset
from bench.ground import archived, worker
from bench.ground.questions import Answer, Engine, Question
from bench.ground.report import Timed, median_seconds
from cluster.connections import data as client
from properties.models import Property
from tracking import reading
from tracking.archive.store import store
from tracking.bitmaps.layouts.cache import cache
from tracking.bitmaps.slots import Granularity, between, midnight
from tracking.rebuild import ONE_DAY, rebuild

TIMES = 5
JOBS = 2


def load(data: Dataset) -> Engine:
    """Put the data set into a property of its own; how to ask it. Nobody asks for hours, so none are made."""
    prop = worker.property_of_its_own()
    prop.hours_kept_days = 1
    prop.save()
    began = time.monotonic()
    first, last = archived.write(data, prop, store())
    wrote = time.monotonic()
    rebuild(prop, first, last, jobs=JOBS)
    print(f"Aktivat: written into its archive in {wrote - began:.0f} s, rebuilt in {time.monotonic() - wrote:.0f} s")
    return engine_of(prop, first, last)


def engine_of(prop: Property, first: date, last: date) -> Engine:
    """How to ask a property about the local days `first` to `last`."""
    days = between(midnight(first, prop.tz), midnight(last + ONE_DAY, prop.tz), Granularity.DAY, prop.tz)
    return Engine(tuple(days), partial(reading.answers, prop), partial(reading.totals, prop))


def timed(engine: Engine, questions: Sequence[Question], answers: dict[str, Answer]) -> dict[str, Timed]:
    """The seconds of each question, warm and cold. Raises SystemExit for an answer that is not that of `answers`."""
    found = {}
    for question in questions:
        if (said := question.engine(engine)) != answers[question.name]:
            raise SystemExit(f"Aktivat says {said} to {question.name}, and the bitmaps {answers[question.name]}.")
        cold = statistics.median(_cold(engine, question) for _ in range(TIMES))
        warm = median_seconds(partial(question.engine, engine), TIMES)
        found[question.name] = Timed(warm, cold)
    return found


def forget() -> None:
    """Hold no bitmap any more, and connect anew: connecting is no part of a question, as starting up is none."""
    cache.clear()
    client().close()
    client.cache_clear()
    client().ping()


def _cold(engine: Engine, question: Question) -> float:
    forget()
    began = time.perf_counter()
    question.engine(engine)
    return time.perf_counter() - began
