"""The only door to an account's rows.

A stranger gets 404, so that nobody learns which accounts exist; a member without the permission
gets 403, and the page names who can grant it.
"""

from django.core.exceptions import PermissionDenied
from django.http import Http404

from accounts.models import Account, Membership, User
from accounts.modules import Level, Module, level_of


class NotPermitted(PermissionDenied):
    """A member lacks a permission. `module` and `account` tell the error page what and where."""

    def __init__(self, module: Module, account: Account) -> None:
        super().__init__(f"You may not do this: it needs more rights in {module.value}.")
        self.module = module
        self.account = account


def access_account(user: User, account_id: int, module: Module, level: Level) -> Account:
    """The account, when `user` has `level` in `module` there.

    Raises Http404 for strangers, NotPermitted (403) for members without the right.
    """
    membership = membership_of(user, account_id)
    require(membership, module, level)
    return membership.account


def membership_of(user: User, account_id: int) -> Membership:
    """The user's place in the account. Raises Http404 for strangers."""
    membership = Membership.objects.select_related("account").filter(user=user, account_id=account_id).first()
    if membership is None:
        raise Http404("No such account.")
    return membership


def require(membership: Membership, module: Module, level: Level) -> None:
    if level_of(membership.role, module) < level:
        raise NotPermitted(module, membership.account)


def accounts_of(user: User) -> list[Account]:
    return list(Account.objects.filter(memberships__user=user).order_by("name", "id"))


def may(user: User, account_id: int, module: Module, level: Level) -> bool:
    membership = Membership.objects.filter(user=user, account_id=account_id).first()
    return membership is not None and level_of(membership.role, module) >= level


def who_can_grant(account: Account) -> list[User]:
    return list(User.objects.filter(memberships__account=account, memberships__role="owner").order_by("email"))
