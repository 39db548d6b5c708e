"""The list of properties, and the pages on which one is made, set up and connected."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import access_account, accounts_of, may
from accounts.models import Account
from accounts.modules import Level, Module
from accounts.requests import Request
from properties import definitions, hostnames, snippet, write_keys
from properties.access import access_property, properties_of
from properties.forms import PropertyForm, RulesForm
from properties.frame import frame
from properties.models import Property
from tracker import files

LONGEST_ID = 18


@require_GET
def home(request: Request) -> HttpResponse:
    """The first property's overview, or the empty list."""
    found = properties_of(request.user)
    return redirect("overview", found[0].id) if found else redirect("properties")


@require_GET
def property_list(request: Request) -> HttpResponse:
    accounts = accounts_of(request.user)
    found = properties_of(request.user)
    managed = {account.id for account in accounts if _may_create(request, account)}
    groups = [
        {
            "account": account,
            "properties": [prop for prop in found if prop.account_id == account.id],
            "may_create": account.id in managed,
        }
        for account in accounts
    ]
    return render(request, "properties/properties.html", {"groups": groups})


@require_http_methods(["GET", "POST"])
def create(request: Request) -> HttpResponse:
    account = _account_to_create_in(request)
    if account is None:
        return redirect("properties")
    form = PropertyForm(account, request.POST or None)
    if request.method == "POST" and form.is_valid() and (prop := form.save()):
        messages.success(request, f"{prop.name} is ready to measure. Next, put the snippet into its pages.")
        return redirect("snippet", prop.id)
    status = 422 if form.errors else 200
    return render(request, "properties/property_create.html", {"form": form, "account": account}, status=status)


@require_http_methods(["GET", "POST"])
def settings_page(request: Request, property_id: int) -> HttpResponse:
    prop = access_property(request.user, property_id, Module.PROPERTIES, Level.MANAGE)
    form = PropertyForm(prop.account, request.POST or None, prop=prop)
    rules = RulesForm(prop, request.POST or None)
    # Both are asked, so that everything that is wrong is said at once.
    is_valid = all([form.is_valid(), rules.is_valid()])
    if request.method == "POST" and is_valid and form.save(rules.cleaned_data):
        messages.success(request, "The settings are saved.")
        return redirect("property_settings", prop.id)
    return _settings(request, prop, form, rules)


def _settings(
    request: Request, prop: Property, form: PropertyForm, rules: RulesForm, new_key: str = ""
) -> HttpResponse:
    wrong = bool(form.errors or rules.errors)
    context = frame(request.user, prop, "property_settings") | {
        "form": form,
        "rules": rules,
        "wrong": wrong,
        "write_keys": write_keys.keys_of(prop),
        "new_key": new_key,
    }
    return render(request, "properties/property_settings.html", context, status=422 if wrong else 200)


@never_cache
@require_POST
def make_write_key(request: Request, property_id: int) -> HttpResponse:
    """Make a key and show it: the only time that it is known."""
    prop = access_property(request.user, property_id, Module.PROPERTIES, Level.MANAGE)
    try:
        text = write_keys.make(prop, request.POST.get("name", ""), bool(request.POST.get("backfill")))
    except ValueError as error:
        messages.error(request, str(error))
        return redirect("property_settings", prop.id)
    return _settings(request, prop, PropertyForm(prop.account, prop=prop), RulesForm(prop), new_key=text)


@require_POST
def revoke_write_key(request: Request, property_id: int) -> HttpResponse:
    prop = access_property(request.user, property_id, Module.PROPERTIES, Level.MANAGE)
    wanted = request.POST.get("key", "")
    key = write_keys.revoke(prop, int(wanted)) if wanted.isdecimal() and len(wanted) < LONGEST_ID else None
    if key is None:
        messages.error(request, "There is no such key any more.")
    else:
        messages.success(request, f"{key.name} is revoked. Whoever still sends with it is refused from now on.")
    return redirect("property_settings", prop.id)


@require_GET
def snippet_page(request: Request, property_id: int) -> HttpResponse:
    prop = access_property(request.user, property_id, Module.PROPERTIES, Level.VIEW)
    tracker = files.current()
    context = frame(request.user, prop, "snippet") | {
        "head": snippet.head(),
        "body": snippet.body(prop.account_id, settings.PUBLIC_URL),
        "one_line": snippet.one_line(prop.account_id, settings.PUBLIC_URL),
        "pinned": snippet.pinned(prop.account_id, settings.PUBLIC_URL, tracker.version, tracker.integrity),
        "patterns": [hostname.pattern for hostname in prop.hostnames.all()],
    }
    return render(request, "properties/snippet.html", context)


@require_POST
def add_hostname(request: Request, property_id: int) -> HttpResponse:
    """Take a hostname, that sent events and belonged nowhere, into this property."""
    prop = access_property(request.user, property_id, Module.PROPERTIES, Level.MANAGE)
    try:
        _add(prop, request.POST.get("hostname", ""))
    except ValueError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Events from {request.POST['hostname']} now count for {prop.name}.")
    return redirect("data_health", prop.id)


def _add(prop: Property, hostname: str) -> None:
    present = [known.pattern for known in prop.hostnames.all()]
    definitions.set_hostnames(prop, [*present, hostnames.normalise(hostname)])


def _may_create(request: Request, account: Account) -> bool:
    return may(request.user, account.id, Module.PROPERTIES, Level.MANAGE)


def _account_to_create_in(request: Request) -> Account | None:
    """The account that `account=` names, else the first in which this user may make a property.

    None for a user without any account. Raises NotPermitted where they are a mere member.
    """
    wanted = request.GET.get("account", "")
    if wanted.isdecimal():
        # Larger than any id: no such account.
        account_id = int(wanted) if len(wanted) < LONGEST_ID else 0
        return access_account(request.user, account_id, Module.PROPERTIES, Level.MANAGE)
    accounts = accounts_of(request.user)
    if not accounts:
        return None
    account = next((account for account in accounts if _may_create(request, account)), accounts[0])
    return access_account(request.user, account.id, Module.PROPERTIES, Level.MANAGE)
