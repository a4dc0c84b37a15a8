"""Login forms that limit failed attempts, against guessing of passwords."""

from time import monotonic
from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext as _

from realtime.connection_limit import network_of
from realtime.rate_limit import Buckets

# Failed attempts of one address with one user name: 10, then 2 a minute. By address, so that an
# attacker cannot lock a user out. An attacker with many addresses is not stopped: long passwords
# protect against that.
by_name = Buckets(rate=1 / 30, burst=10)
# Failed attempts of one address, which an office may share, with any user name. Each costs 0.1 s of
# processor time or more.
by_address = Buckets(rate=1, burst=100)


class ThrottledLoginMixin:
    """For a login form: refuses an attempt before it checks the password, if the address has
    failed too often."""

    request: Any
    cleaned_data: dict[str, Any]

    def clean(self) -> dict[str, Any]:
        """Counts an attempt. A successful one is not counted."""
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


class LoginForm(ThrottledLoginMixin, AuthenticationForm):
    """The login form of the site."""


class AdminLoginForm(ThrottledLoginMixin, AdminAuthenticationForm):
    """The login form of the admin."""
