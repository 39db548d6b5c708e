"""The login form."""

from django import forms
from django.contrib.auth.forms import AuthenticationForm


class LoginForm(AuthenticationForm):
    """E-mail address and password. `username` is what Django calls the field of any kind of login."""

    error_messages = {  # noqa: RUF012 (the base class calls it an instance's own)
        "invalid_login": "This e-mail address and password do not belong together. Check both; capitals count.",
        "inactive": "This login is switched off. Ask an owner of your account.",
    }

    username = forms.EmailField(
        label="E-mail address",
        error_messages={"required": "Type your e-mail address.", "invalid": "This is no e-mail address."},
        widget=forms.EmailInput(attrs={"autofocus": True, "autocomplete": "username"}),
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        error_messages={"required": "Type your password."},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
