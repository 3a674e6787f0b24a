"""`manage.py evaluate FILE`: how good the lists would have been."""

import json
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import TaskID
from rich.table import Table

from streaming.evaluation.baskets import BasketResult, compare_baskets, cut
from streaming.evaluation.comparison import Result, compare
from streaming.evaluation.history import History, read_history, told
from streaming.evaluation.layouts import USUAL, LayoutUnknownError
from streaming.evaluation.plots import plot_lines, plot_measures
from streaming.evaluation.sessions import split
from streaming.evaluation.trial import Trial, TrialRunsError
from streaming.progress import bars

VALIDATION_SHARE = 0.2
BEGINNING = datetime(1970, 1, 2, tzinfo=UTC)


class Command(BaseCommand):
    help = (
        "Learns the earlier part of a file of events (CSV, TSV or Parquet, as backfill reads them) with the live "
        "model's own SQL, in a schema of its own, and asks for the next product of every beginning of every later "
        "session: beside popularity, item-kNN and VSKNN. Then plays the later part once more, learning as it goes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--test", type=Path, help="a later part in a file of its own")
        parser.add_argument(
            "--test-share", type=float, default=0.2, help="else: the last so many of the events (%(default)s)"
        )
        parser.add_argument(
            "--gap", type=float, metavar="MINUTES", help="a longer pause begins a new session of the visitor"
        )
        parser.add_argument(
            "--next-basket",
            action="store_true",
            help="of a log of purchases: Recall@20 of the next basket of who bought before, by what goes together, "
            "what they bought before, what is popular, and a blend with weights chosen on the last fifth before it",
        )
        for role in USUAL:
            parser.add_argument(f"--{role}", metavar="COLUMN", default="", help=f"the column of the {role}")
        parser.add_argument(
            "--out", type=Path, default=Path("evaluation"), help="folder of the plots and of evaluation.json"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 < options["test_share"] < 1:
            raise CommandError(f"--test-share {options['test_share']}: it accepts a share between 0 and 1.")
        named = {role: options[role] for role in USUAL}
        train = self.read(options["file"], named)
        if not len(train):
            raise CommandError(f"{options['file']} holds no event.")
        if options["test"]:
            test = self.read(options["test"], named, train)
        else:
            train, test = (cut if options["next_basket"] else split)(train, options["test_share"])
        if not len(train) or not len(test):
            raise CommandError("One of both parts holds no event: choose another --test-share.")
        with self.trial(train) as trial, _bars() as advance:
            if options["next_basket"]:
                baskets = compare_baskets(trial, train, test, VALIDATION_SHARE, advance)
            else:
                gap = timedelta(minutes=options["gap"]) if options["gap"] else None
                result = compare(trial, train, test, gap, advance)
        if options["next_basket"]:
            self.report_baskets(options["out"], baskets)
            return
        if not result.questions:
            raise CommandError("The later part asks nothing: no session in it comes to a second product.")
        self.report(result, train, test)
        self.write(options["out"], result, train, test)

    @contextmanager
    def trial(self, names: History) -> Iterator[Trial]:
        with psycopg.connect(settings.DATABASE_URL, autocommit=True) as connection:
            trial = Trial(connection, names)
            try:
                trial.create()
            except TrialRunsError as error:
                raise CommandError(str(error)) from error
            try:
                yield trial
            finally:
                trial.drop()

    def read(self, path: Path, named: dict[str, str], known: History | None = None) -> History:
        try:
            history = read_history(path, named, earliest=BEGINNING, known=known)
        except (LayoutUnknownError, OSError, ValueError) as error:
            raise CommandError(f"{path}: {error}") from error
        self.stdout.write(f"{path.name}: {history.layout.name}, {len(history):,} rows.")
        for line in told(history.refused, history.examples):
            self.stderr.write(line)
        return history

    def report(self, result: Result, train: History, test: History) -> None:
        self.stdout.write(
            f"Learned from {len(train):,} events up to {_moment(train, -1)}, asked {result.questions:,} questions of "
            f"{len(test):,} events up to {_moment(test, -1)}."
        )
        table = Table("", "HR@10", "HR@20", "MRR@20", "coverage", "seconds")
        for each in result.measures:
            shares = (each.hit_rate_10, each.hit_rate_20, each.mrr_20)
            coverage = "" if each.coverage is None else f"{each.coverage:.2f}"
            table.add_row(each.name, *(f"{share:.3f}" for share in shares), coverage, f"{each.seconds:.1f}")
        self.stdout.write(_drawn(table))

    def report_baskets(self, folder: Path, result: BasketResult) -> None:
        if not result.questions or not result.validated:
            raise CommandError(
                "The later part, or the fifth before it, asks nothing: nobody in it had bought before."
            )
        weights = ", ".join(f"{name} {weight:g}" for name, weight in result.weights._asdict().items())
        self.stdout.write(
            f"{result.questions:,} baskets of who bought before; weights chosen on {result.validated:,} before them: "
            f"{weights}."
        )
        table = Table("", "Recall@20")
        for name, recall in result.recall_20.items():
            table.add_row(name, f"{recall:.3f}")
        self.stdout.write(_drawn(table))
        self._write_json(folder, "baskets.json", asdict(result) | {"weights": result.weights._asdict()})

    def write(self, folder: Path, result: Result, train: History, test: History) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        plot_measures(result.measures, folder / "measures.png")
        plot_lines(
            result.by_length, "distinct products seen (the last: so many or more)", folder / "length.png"
        )
        if result.curve:
            plot_lines({"learning": result.curve}, "events of the test part learned", folder / "learning.png")
        content = {
            "layout": train.layout.name,
            "train": {"events": len(train), "until": _moment(train, -1)},
            "test": {"events": len(test), "from": _moment(test, 0), "until": _moment(test, -1)},
            "questions": result.questions,
            "judged": result.judged,
            "measures": [asdict(each) for each in result.measures],
            "hitRate20ByLength": result.by_length,
            "hitRate20WhileLearning": result.curve,
        }
        self._write_json(folder, "evaluation.json", content)

    def _write_json(self, folder: Path, name: str, content: dict[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content, indent=2) + "\n")
        self.stdout.write(f"Written: {', '.join(sorted(str(path) for path in folder.iterdir()))}")


@contextmanager
def _bars() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each thing that is done, one after another."""
    tasks: dict[str, TaskID] = {}
    with bars() as progress:

        def advance(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.advance(tasks[what], done)

        yield advance


def _drawn(table: Table) -> str:
    console = Console(width=100)
    with console.capture() as drawn:
        console.print(table)
    return drawn.get()


def _moment(history: History, place: int) -> str:
    return datetime.fromtimestamp(int(history.milliseconds[place]) / 1000, UTC).isoformat(timespec="seconds")
