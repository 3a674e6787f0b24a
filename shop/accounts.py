"""Accounts: signing up, logging in and out. Each tells the tracking who the browser's visitor is, or is no more."""

from typing import Any

from django.contrib.auth import login, logout
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.auth.views import LoginView, RedirectURLMixin
from django.forms import EmailField, EmailInput
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.views.decorators.http import require_POST
from django.views.generic import FormView

from recommendations.consumers import close_sockets
from shop import selectors
from tracking.identity import logged_in, logged_out


def tracked_user_id(user: AbstractBaseUser | AnonymousUser) -> str:
    """What the tracking calls a user: never their name or address, which may change or tell who they are."""
    return f"user-{user.pk}"


class SignUpForm(UserCreationForm):  # type: ignore[type-arg]
    email = EmailField(
        required=False, label="E-mail (optional)", widget=EmailInput(attrs={"autocomplete": "email"})
    )

    class Meta(UserCreationForm.Meta):
        fields = ("username", "email")


class LogIn(LoginView):
    template_name = "shop/log_in.html"
    redirect_authenticated_user = True
    next_page = "shop:me"

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        tell_tracking(self.request, form.get_user())
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(departments=selectors.departments(), **kwargs)


class SignUp(RedirectURLMixin, FormView):  # type: ignore[type-arg]
    template_name = "shop/sign_up.html"
    form_class = SignUpForm
    next_page = "shop:me"

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        user = form.save()
        login(self.request, user)
        tell_tracking(self.request, user)
        return HttpResponseRedirect(self.get_success_url())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            departments=selectors.departments(), next=self.get_redirect_url(), **kwargs
        )


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """The browser is a new visitor afterwards, and its open pages show nothing of the user's any more."""
    left: str = request.visitor_id  # type: ignore[attr-defined]
    logout(request)
    response = redirect("shop:home")
    logged_out(request, response)
    close_sockets(left)
    return response


def tell_tracking(request: HttpRequest, user: User) -> None:
    traits = {"username": user.get_username(), "email": user.email}
    logged_in(request, tracked_user_id(user), {name: value for name, value in traits.items() if value})
