"""What the demo remembers between starts, in demo.json of the data folder."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True)
class History:
    """How far the past has been played. The plan is made again from `seed`, `visitors`, `days` and `now`."""

    seed: int
    visitors: int
    days: int
    now: int
    played: int = 0
    done: bool = False


@dataclass(frozen=True)
class State:
    account_id: int
    property_id: int
    public_host: str
    history: History | None = None


def _file() -> Path:
    return Path(settings.DATA_DIR) / "demo.json"


def read() -> State | None:
    """The demo's state; None before `demo_account` has run."""
    try:
        kept = json.loads(_file().read_text())
    except FileNotFoundError:
        return None
    history = kept.pop("history")
    return State(**kept, history=History(**history) if history else None)


def write(account_id: int, property_id: int, public_host: str, history: History | None) -> None:
    """Note whose the demo is. `history` counts only when the file knows none of this property."""
    with _locked():
        known = read()
        if known is not None and known.property_id == property_id:
            history = known.history
        _replace(State(account_id, property_id, public_host, history))


def write_history(account_id: int, history: History) -> None:
    """Note how far the past has been played, unless the demo has got another account meanwhile."""
    with _locked():
        state = read()
        if state is not None and state.account_id == account_id:
            _replace(replace(state, history=history))


def _replace(state: State) -> None:
    # In one step, so that a reader or a crash never meets half of the file.
    fresh = _file().with_suffix(".new")
    fresh.write_text(json.dumps(asdict(state), indent=1) + "\n")
    os.replace(fresh, _file())


@contextmanager
def _locked() -> Iterator[None]:
    with _file().with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
