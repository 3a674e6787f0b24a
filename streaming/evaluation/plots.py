"""Pictures of an evaluation."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from streaming.evaluation.measures import Measures

COLOURS = ("#0e7490", "#f59e0b", "#10b981", "#a855f7", "#ef4444", "#9ca3af")


def plot_measures(measures: Sequence[Measures], path: Path) -> None:
    """Hit rates and MRR of each, as bars."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    shown = {"HR@10": "hit_rate_10", "HR@20": "hit_rate_20", "MRR@20": "mrr_20"}
    width = 0.8 / len(measures)
    for place, (each, colour) in enumerate(zip(measures, COLOURS * len(measures), strict=False)):
        heights = [getattr(each, name) for name in shown.values()]
        bars = axes.bar(
            [x + place * width for x in range(len(shown))], heights, width, color=colour, label=each.name
        )
        axes.bar_label(bars, fmt="%.3f", fontsize=7)
    axes.set_xticks([x + 0.4 - width / 2 for x in range(len(shown))], list(shown))
    axes.set_ylabel("share of the questions")
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=120)


def plot_lines(lines: Mapping[str, Mapping[int, float]], across: str, path: Path) -> None:
    """HR@20 of each against something that grows."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for (name, line), colour in zip(lines.items(), COLOURS * len(lines), strict=False):
        axes.plot(list(line), list(line.values()), marker="o", markersize=3, color=colour, label=name)
    axes.set_xlabel(across)
    axes.set_ylabel("HR@20")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=120)
