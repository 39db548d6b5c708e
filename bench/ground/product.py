"""The product's own settings on a data folder and a server of a benchmark, in this process and those it starts."""

import os
from pathlib import Path

import django

from cluster.embedded import EmbeddedServer


def use(folder: Path, server: EmbeddedServer) -> None:
    """Set Django up; modules with models can be imported from then on, and not before."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "aktivat_site.settings",
        "AKTIVAT_DATA": str(folder),
        "AKTIVAT_CLUSTER": server.url,
        "AKTIVAT_PUBLIC_URL": "http://127.0.0.1",
    }
    django.setup()
