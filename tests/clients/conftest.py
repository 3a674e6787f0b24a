"""Other people's SDKs against the running product."""

import pytest

from tests.clients import packages
from tests.clients.received import Received
from tests.stack import Product


@pytest.fixture
def received(product: Product) -> Received:
    return Received(product)


@pytest.fixture(scope="session")
def node_packages() -> None:
    packages.install()
