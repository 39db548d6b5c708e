"""Sends events of Python programs to Aktivat, in the background: see README.md."""

from aktivat_client.client import Client

__all__ = ["Client"]
__version__ = "0.1.0"
