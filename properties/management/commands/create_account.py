"""A user, an account, a property and an API token in one go: for scripts and for a first start."""

import json
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import connection, transaction

from accounts import tokens
from accounts.models import Account, Membership, User
from accounts.modules import Role
from properties import definitions
from properties.models import LayoutName


class Command(BaseCommand):
    help = "Make a user who owns a new account with one property; the last line is JSON with ids and token."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True, help="the owner's login")
        parser.add_argument("--password", required=True, help="ten characters or more")
        parser.add_argument("--name", required=True, help="the account's name")
        parser.add_argument("--property", required=True, help="the site's hostname, such as www.example.com")
        parser.add_argument("--time-zone", default="UTC", help="days begin at midnight there (default: UTC)")

        parser.add_argument(
            "--layout",
            choices=LayoutName.values,
            default=LayoutName.PACKED,
            help="how its bitmaps are kept (default: packed)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if User._meta.db_table not in connection.introspection.table_names():
            raise CommandError("The database has no tables yet: run ./aktivat up, or ./aktivat manage migrate.")
        try:
            made = create(
                email=options["email"],
                password=options["password"],
                name=options["name"],
                hostname=options["property"],
                time_zone=options["time_zone"],
                layout=LayoutName(options["layout"]),
            )
        except ValidationError as error:
            raise CommandError(in_words(error)) from None
        except ValueError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(json.dumps(made))


@transaction.atomic
def create(
    *, email: str, password: str, name: str, hostname: str, time_zone: str, layout: LayoutName
) -> dict[str, Any]:
    """Make it all or nothing. Raises ValidationError or ValueError with a sentence."""
    email = email.strip().lower()
    validate_email(email)
    if User.objects.filter(email=email).exists():
        raise ValueError(f"There is a user {email} already: choose another e-mail address.")
    validate_password(password, User(email=email))
    account = Account(name=name.strip())
    account.clean_fields()
    account.save()
    user = User.objects.create_user(email, password)
    Membership.objects.create(account=account, user=user, role=Role.OWNER)
    prop = definitions.create(account, hostname, [hostname], time_zone, layout)
    token = tokens.issue(account, "create_account")
    return {"account_id": account.id, "property_id": prop.id, "api_token": token}


def in_words(error: ValidationError) -> str:
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    return " ".join(
        f"{name.replace('_', ' ').capitalize()}: {' '.join(why)}" for name, why in error.message_dict.items()
    )
