"""One place where a visitor may have left something."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class Place:
    """What a topic or a table holds of the visitor."""

    name: str
    records: int = 0
    readable: dict[str, set[str]] = field(default_factory=dict)
    """What identifies and can be read, in the clear or with a key that is still there: values by field."""
    outlived: bool = False
    """Whether any of that is older than the visitor's erasure."""

    def add(self, identifying: Mapping[str, Any], *, at: datetime | None, erased_at: datetime | None) -> None:
        """Counts one record, and notes what of it can be read. `at` None: nobody knows since when it is there."""
        self.records += 1
        for name, value in flat(identifying):
            self.readable.setdefault(name, set()).add(value)
            if erased_at is not None and (at is None or at <= erased_at):
                self.outlived = True


def flat(value: Any, name: str = "") -> list[tuple[str, str]]:
    """The leaves of a JSON value, by the path to each: {"a": {"b": 1}} as [("a.b", "1")]."""
    if isinstance(value, Mapping):
        return [
            leaf for key, item in value.items() for leaf in flat(item, f"{name}.{key}" if name else str(key))
        ]
    if isinstance(value, list):
        return [leaf for item in value for leaf in flat(item, name)]
    return [] if value in (None, "") else [(name, str(value))]
