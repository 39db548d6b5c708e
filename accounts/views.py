"""Log in, log out, and the page that says no."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render, resolve_url
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect

from accounts.access import NotPermitted, who_can_grant
from accounts.forms import LoginForm
from accounts.requests import Request


@method_decorator(login_not_required, name="dispatch")
class Login(LoginView):
    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """A part of a page that finds its login expired asks for the whole login page, not a piece of it."""
        htmx = getattr(request, "htmx", None)
        if not htmx:
            return super().dispatch(request, *args, **kwargs)
        back = htmx.current_url_abs_path
        return HttpResponseClientRedirect(resolve_url("login") + (f"?{urlencode({'next': back})}" if back else ""))


def permission_denied(request: Request, exception: Exception) -> HttpResponse:
    """403: says which right is missing and who can grant it, where that is known."""
    missing = exception if isinstance(exception, NotPermitted) else None
    context = {
        "missing": missing,
        "granters": who_can_grant(missing.account) if missing else [],
    }
    return render(request, "403.html", context, status=403)
