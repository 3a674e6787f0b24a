"""Chromium for the browser tests. They are written in Playwright's synchronous style."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from tests.browser.site import Site

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
Scheme = Literal["light", "dark"]
PATIENCE_MS = 15_000  # the machine may be busy with Spark
expect.set_options(timeout=PATIENCE_MS)


def chromium() -> str | None:
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


# For a module, not for the session: while synchronous Playwright runs, its event loop counts as running in
# this thread, and no asynchronous test could start its own. So it ends before the next module begins.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        told = "no Chromium found: install the package `chromium`, or set CHROMIUM to its path"
        pytest.fail(told) if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip(told)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Django takes that loop for an asynchronous caller and would refuse the ORM to the test.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=path, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@contextmanager
def visit(
    browser: Browser, address: str, *, width: int = 1280, scheme: Scheme = "light"
) -> Iterator[BrowserContext]:
    """One visitor's browser: cookies and storage of its own. An error in a page fails the test."""
    viewport: ViewportSize = {"width": width, "height": 900}
    context = browser.new_context(base_url=address, viewport=viewport, color_scheme=scheme)
    context.set_default_timeout(PATIENCE_MS)
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    yield context
    context.close()
    assert errors == []


@pytest.fixture
def context(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    with visit(browser, site.address) as context:
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture(scope="session", autouse=True)
def stack() -> None:
    """No servers: these tests bring what they need."""
