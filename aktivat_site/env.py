"""Settings from the environment, read strictly: a bad value stops the start with a sentence."""

import json
import os
import re
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from properties.exclusions import Exclusions

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}
PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")
SLUG = re.compile(r"[A-Za-z0-9_-]+")


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def boolean(name: str, default: bool) -> bool:
    value = text(name).lower()
    if not value:
        return default
    if value in TRUE or value in FALSE:
        return value in TRUE
    raise ImproperlyConfigured(f"{name} is {value!r}; say yes or no.")


def integer(name: str, default: int, least: int = 0) -> int:
    """A whole number, `least` or more."""
    value = text(name)
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or int(value) < least:
        raise ImproperlyConfigured(f"{name} is {value!r}; say a whole number, {least} or more.")
    return int(value)


def words(name: str) -> list[str]:
    """Words separated by commas."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def slugs(name: str) -> list[str]:
    """Words of letters, digits, hyphens and underscores, separated by commas."""
    found = words(name)
    for word in found:
        if not SLUG.fullmatch(word):
            raise ImproperlyConfigured(f"{name}: {word!r} may have letters, digits, - and _ alone.")
    return found


def paths(name: str) -> list[str]:
    """Paths of this server, each with a slash before it, separated by commas."""
    found = words(name)
    for word in found:
        if not PATH.fullmatch(word):
            raise ImproperlyConfigured(f"{name}: {word!r} is no path such as /e.")
    return found


def networks(name: str) -> Exclusions:
    """Addresses and networks separated by commas."""
    try:
        return Exclusions.parse("\n".join(words(name)))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from None


def file(name: str) -> str:
    """The path of a file that can be read, or ""."""
    path = text(name)
    if path and not os.access(path, os.R_OK):
        raise ImproperlyConfigured(f"{name}: the file {path} cannot be read.")
    return path


def folder(name: str, default: Path) -> Path:
    """A folder that exists (made when missing, for this user only)."""
    path = Path(text(name, str(default))).expanduser().resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: the folder {path} cannot be made: {error.strerror}.") from None
    return path


def secret(name: str, kept_in: Path) -> str:
    """The secret `name`, from the file `NAME_FILE`, or generated once into `kept_in`."""
    if value := text(name):
        return value
    if path := text(f"{name}_FILE"):
        try:
            value = Path(path).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE: {path} cannot be read: {error.strerror}.") from None
        if not value:
            raise ImproperlyConfigured(f"{name}_FILE: {path} is empty.")
        return value
    try:
        descriptor = os.open(kept_in, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return kept_in.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(50))
    return kept_in.read_text().strip()


def server(name: str, part: str, servers_file: Path) -> str:
    """The address of the Valkey `part`: from the environment, else as `aktivat up` wrote it.

    Empty when there is neither: commands that need no such server still run, the others say so.
    """
    if value := text(name):
        return value
    if servers_file.exists():
        return str(json.loads(servers_file.read_text()).get(part, ""))
    return ""
