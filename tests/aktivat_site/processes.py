"""The processes below another one, and whether they are still there."""

import subprocess

from aktivat_site.up.recovery import identity


def family(pid: int) -> dict[int, str]:
    """`pid` and all below it, each with its identity."""
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(child): int(parent) for child, parent in (line.split() for line in listing.splitlines())}
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return {each: identity(each) for each in found}


def alive(noted: dict[int, str]) -> dict[int, str]:
    """Those of `noted` that still run (a pid may belong to somebody else by now)."""
    return {pid: was for pid, was in noted.items() if was and identity(pid) == was}


def command_lines() -> str:
    return subprocess.run(["ps", "-A", "-ww", "-o", "command="], capture_output=True, text=True, check=True).stdout
