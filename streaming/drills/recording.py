"""A drill's report as it comes about: plain data, written down every second and kept."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Moment:
    at: float
    """Seconds since the drill began."""
    what: str


@dataclass(frozen=True, slots=True)
class Number:
    name: str
    """The same in every run, so that runs can be compared."""
    label: str
    value: float
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    goal: str
    found: str
    passed: bool


@dataclass
class Recording:
    timeline: list[Moment] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    series: dict[str, list[float | None]] = field(default_factory=lambda: {"at": []})
    """One value a second of each; None where it could not be had."""
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    @property
    def passed(self) -> bool:
        return bool(self.checks) and all(check.passed for check in self.checks)

    def note(self, what: str) -> None:
        self.timeline.append(Moment(round(self.seconds, 2), what))

    def number(self, name: str, label: str, value: float, unit: str = "") -> None:
        self.numbers.append(Number(name, label, round(value, 3), unit))

    def check(self, name: str, goal: str, found: str, *, passed: bool) -> None:
        self.checks.append(Check(name, goal, found, passed))

    def sample(self, values: Mapping[str, float | None]) -> None:
        self.series["at"].append(round(self.seconds, 1))
        length = len(self.series["at"])
        for name, value in values.items():
            column = self.series.setdefault(name, [])
            column += [None] * (length - 1 - len(column))
            column.append(value if value is None else round(value, 3))

    def as_json(self) -> dict[str, Any]:
        return {
            "timeline": [asdict(each) for each in self.timeline],
            "numbers": [asdict(each) for each in self.numbers],
            "checks": [asdict(each) for each in self.checks],
            "series": self.series,
        }
