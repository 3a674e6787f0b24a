"""What every benchmark gives: a distribution in milliseconds beside the baseline that was measured in the same run."""

import statistics
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Measurement:
    """One row of the table. `ratio` compares medians: what counts on a machine whose speed drifts."""

    name: str
    median: float
    p99: float
    samples: int
    baseline: str
    baseline_median: float
    limit: str = ""
    """What an issue asks for, as text; the benchmark judges nothing."""

    @property
    def ratio(self) -> float:
        return self.median / self.baseline_median

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"unit": "ms", "ratio": self.ratio}


def median(samples: list[float]) -> float:
    return statistics.median(samples)


def p99(samples: list[float]) -> float:
    """The 99th percentile: with fewer than 100 samples the largest."""
    return sorted(samples)[min(len(samples) - 1, int(len(samples) * 0.99))]


def measured(
    name: str, samples: list[float], baseline: str, baseline_samples: list[float], limit: str = ""
) -> Measurement:
    return Measurement(
        name, median(samples), p99(samples), len(samples), baseline, median(baseline_samples), limit
    )


@dataclass(frozen=True)
class Rate:
    """Events or requests a second, of several rounds, beside a baseline of the same rounds. The more, the better."""

    name: str
    rounds: list[float]
    baseline: str
    baseline_rounds: list[float]
    limit: str = ""

    @property
    def ratio(self) -> float:
        """The median of the rounds' own ratios."""
        return statistics.median(
            own / other for own, other in zip(self.rounds, self.baseline_rounds, strict=True)
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"unit": "1/s", "ratio": self.ratio}
