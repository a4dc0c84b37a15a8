"""Logging in, which takes patience of whoever guesses passwords."""

from time import monotonic
from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext as _

from realtime.connection_limit import network_of
from realtime.rate_limit import Buckets

# Failures: of one address at one name ten, and then two a minute. Nobody else can lock a person
# out, and who comes from many addresses is not stopped: that is for long passwords.
by_name = Buckets(rate=1 / 30, burst=10)
# Of one address, which may be an office, at whatever names; each costs a tenth of a second or more.
by_address = Buckets(rate=1, burst=100)


class Patience:
    """Of a login form: refuses who has failed too often, before it looks at the password."""

    request: Any
    cleaned_data: dict[str, Any]

    def clean(self) -> dict[str, Any]:
        """Counts an attempt, and forgets it if it is the right password."""
        address = network_of(self.request.META.get("REMOTE_ADDR"))
        name = self.cleaned_data.get("username", "").casefold()
        attempts = [(by_name, (address, name)), *([(by_address, address)] if address else [])]
        for buckets, key in attempts:
            if wait := buckets.take(key, monotonic()):
                again = _("Too many attempts. Please try again in %d seconds.") % (wait + 1)
                raise forms.ValidationError(again, code="too_many")
        cleaned: dict[str, Any] = super().clean()  # type: ignore[misc]
        for buckets, key in attempts:
            buckets.give_back(key)
        return cleaned


class LoginForm(Patience, AuthenticationForm):
    """That of the site."""


class AdminLoginForm(Patience, AdminAuthenticationForm):
    """That of the admin."""
