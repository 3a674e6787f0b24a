"""Reading the environment: what is set wins, and what is wrong says so by name."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment

NAME = "A_VARIABLE"


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder in the place of the embedded stack's, and the variable unset."""
    monkeypatch.setattr(environment, "HOME", tmp_path)
    monkeypatch.delenv(NAME, raising=False)
    return tmp_path


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda value: monkeypatch.setenv(NAME, value)


@pytest.mark.parametrize("value", ["1", "true", "TRUE", "yes", "On", " 1 "])
def test_a_flag_is_set_by_any_word_for_yes(given: Callable[[str], None], value: str) -> None:
    given(value)

    assert environment.flag(NAME) is True


@pytest.mark.parametrize("value", ["0", "false", "No", "OFF"])
def test_a_flag_is_unset_by_any_word_for_no(given: Callable[[str], None], value: str) -> None:
    given(value)

    assert environment.flag(NAME, default=True) is False


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_variable_counts_as_unset(given: Callable[[str], None], value: str) -> None:
    given(value)

    assert environment.flag(NAME, default=True) is True
    assert environment.number(NAME, 7) == 7
    assert environment.text(NAME, "default") == "default"
    assert environment.words(NAME, ["default"]) == ["default"]


@pytest.mark.parametrize("value", ["3", "8"])
def test_a_number_is_taken_to_both_ends_of_its_range(given: Callable[[str], None], value: str) -> None:
    given(value)

    assert environment.number(NAME, 5, 3, 8) == int(value)


def test_words_are_parted_at_commas(given: Callable[[str], None]) -> None:
    given("shop.example, www.shop.example,,")

    assert environment.words(NAME, []) == ["shop.example", "www.shop.example"]


@pytest.mark.parametrize(
    ("value", "read", "accepts"),
    [
        ("maybe", lambda: environment.flag(NAME), "yes or no"),
        ("2", lambda: environment.flag(NAME), "1 or 0"),
        ("many", lambda: environment.number(NAME, 5, 3, 8), "a whole number from 3 to 8"),
        ("2", lambda: environment.number(NAME, 5, 3, 8), "from 3 to 8"),
        ("9", lambda: environment.number(NAME, 5, 3, 8), "from 3 to 8"),
        ("4.5", lambda: environment.number(NAME, 5, 3, 8), "a whole number"),
        ("TLS", lambda: environment.text(NAME, choices={"SSL", "PLAINTEXT"}), "one of PLAINTEXT, SSL"),
        ("mysql://h/db", lambda: environment.url(NAME, "key", {"postgres", "postgresql"}), "postgres://"),
        ("h:5432/db", lambda: environment.url(NAME, "key", {"postgresql"}), "postgresql://"),
        ("redis:///0", lambda: environment.url(NAME, "key", {"redis"}), "redis://"),
    ],
)
def test_a_bad_value_names_the_variable_and_what_it_accepts(
    given: Callable[[str], None], value: str, read: Callable[[], object], accepts: str
) -> None:
    given(value)

    with pytest.raises(ImproperlyConfigured) as caught:
        read()

    assert f"{NAME}={value!r}" in str(caught.value)
    assert accepts in str(caught.value)


# -- Addresses ------------------------------------------------------------------------------------------------
def test_an_address_that_is_not_set_is_the_embedded_stacks(home: Path) -> None:
    (home / "stack.json").write_text(json.dumps({"valkey_url": "redis://127.0.0.1:6380/0"}))

    assert environment.url(NAME, "valkey_url", {"redis"}) == "redis://127.0.0.1:6380/0"


def test_an_address_that_is_set_goes_before_the_embedded_stacks(
    home: Path, given: Callable[[str], None]
) -> None:
    (home / "stack.json").write_text(json.dumps({"kafka": "127.0.0.1:9092"}))
    given("kafka.example:9092")

    assert environment.stack_address(NAME, "kafka") == "kafka.example:9092"


@pytest.mark.parametrize("stack", [None, "{", '{"kafka": "127.0.0.1:9092"}'])
def test_an_unknown_address_names_the_variable_and_what_to_do(home: Path, stack: str | None) -> None:
    if stack is not None:
        (home / "stack.json").write_text(stack)

    with pytest.raises(ImproperlyConfigured) as caught:
        environment.stack_address(NAME, "database_url")

    assert NAME in str(caught.value)
    assert str(home) in str(caught.value)
    assert "make up" in str(caught.value)


# -- Secrets --------------------------------------------------------------------------------------------------
def test_a_secret_that_is_not_set_is_the_generated_one(home: Path) -> None:
    (home / "write-key").write_text("generated\n")

    assert environment.secret(NAME, "write-key") == "generated"


def test_a_secret_that_is_set_goes_before_the_generated_one(home: Path, given: Callable[[str], None]) -> None:
    (home / "write-key").write_text("generated\n")
    given("mine")

    assert environment.secret(NAME, "write-key") == "mine"


def test_a_missing_secret_names_the_variable_and_what_to_do(home: Path) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        environment.secret(NAME, "write-key")

    assert NAME in str(caught.value)
    assert str(home / "write-key") in str(caught.value)
    assert "make up" in str(caught.value)
