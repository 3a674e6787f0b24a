"""Makes the superuser `admin` with the generated password, where there is none yet."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from services.home import Home


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        users = get_user_model().objects
        if users.filter(username="admin").exists():
            self.stdout.write("The user admin is there; its password is left as it is.")
            return
        home = Home.from_environment()
        try:
            password = home.secret("admin-password")
        except FileNotFoundError as error:
            raise CommandError(
                f"{home.path / 'admin-password'} does not exist: run `make setup`, which generates it, "
                f"or make a user of your own with `python manage.py createsuperuser`."
            ) from error
        users.create_superuser("admin", password=password)
        self.stdout.write("The user admin was made.")
