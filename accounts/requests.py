"""The request as views get it behind the login middleware."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User


class Request(HttpRequest):
    """Somebody is logged in; `htmx` tells whether only a part of the page is asked for."""

    user: User
    htmx: HtmxDetails
