"""What /api/schema/ says of the collector, held to the running product by schemathesis."""

import base64
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CheckFunction
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.stack import Product
from tracking.events import EventType

CHECKS: list[CheckFunction] = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SLOW_MACHINE = [HealthCheck.too_slow, HealthCheck.filter_too_much]


def hold(product: Product, examples: int) -> int:
    """Sends so many bodies to each address of the collector; how many addresses there are.

    A 503 would be the deliberate one, which the document knows; every other 5xx is none that it names.
    """
    key = base64.b64encode(f"{product.write_key}:".encode()).decode()
    document = schemathesis.openapi.from_url(f"{product.shop}api/schema/?format=json")
    found = document.include(path_regex="^/v1/").get_all_operations()
    operations = [each.ok() for each in found if isinstance(each, Ok)]
    for operation in operations:

        @settings(max_examples=examples, deadline=None, suppress_health_check=SLOW_MACHINE, database=None)
        @given(case=operation.as_strategy())
        def sent(case: Any) -> None:
            case.call_and_validate(
                base_url=product.shop,
                headers={"Authorization": f"Basic {key}"},
                checks=CHECKS,
                timeout=10,
            )

        sent()
    return len(operations)


def test_the_collector_is_as_its_document_says(product: Product) -> None:
    assert hold(product, 15) == len(EventType) + 1


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_the_collector_is_as_its_document_says_at_length(product: Product) -> None:
    hold(product, 1000)
