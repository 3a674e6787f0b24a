from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from services.home import Home


@pytest.mark.django_db
def test_admin_gets_the_generated_password_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIBUTARY_HOME", str(home.path))
    call_command("create_admin")
    admin = User.objects.get(username="admin")
    assert admin.is_superuser
    assert admin.check_password(home.secret("admin-password"))

    admin.set_password("of my own choice")
    admin.save()
    call_command("create_admin")

    admin.refresh_from_db()
    assert admin.check_password("of my own choice")


@pytest.mark.django_db
def test_admin_without_a_generated_password_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIBUTARY_HOME", str(tmp_path))

    with pytest.raises(CommandError, match="run `make setup`"):
        call_command("create_admin")
