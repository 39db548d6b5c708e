"""Asks the web server how it is, over HTTP, as a load balancer would."""

import http.client
import json
from urllib.parse import urlsplit

SECONDS = 10


def get(local_url: str, path: str) -> tuple[int, str]:
    """Status and body; status 0 when nothing answers."""
    address = urlsplit(local_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=SECONDS)
    try:
        connection.request("GET", path, headers={"Host": "localhost"})
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()


def is_alive(local_url: str) -> bool:
    return get(local_url, "/healthz")[0] == 200


def is_ready(local_url: str) -> bool:
    return get(local_url, "/readyz")[0] == 200


def what_is_missing(local_url: str) -> str:
    """The parts that are not ready and why, in words."""
    status, body = get(local_url, "/readyz")
    try:
        parts = json.loads(body)["parts"]
    except (ValueError, KeyError, TypeError):
        return f"/readyz answered {status}" if status else "the web server does not answer"
    return ", ".join(f"{name}: {part.get('error', 'not ready')}" for name, part in parts.items() if not part["ok"])
