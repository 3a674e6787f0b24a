"""`manage.py evaluate FILE`: how good the lists would have been."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from streaming.evaluation.comparison import Result, compare
from streaming.evaluation.history import History, read_history, told
from streaming.evaluation.layouts import USUAL, LayoutUnknownError
from streaming.evaluation.plots import plot_lines, plot_measures
from streaming.evaluation.sessions import split
from streaming.evaluation.trial import Trial, TrialRunsError

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
        if options["test"]:
            test = self.read(options["test"], named, train)
        else:
            train, test = split(train, options["test_share"])
        if not len(train) or not len(test):
            raise CommandError("One of both parts holds no event: choose another --test-share.")
        gap = timedelta(minutes=options["gap"]) if options["gap"] else None
        with psycopg.connect(settings.DATABASE_URL, autocommit=True) as connection:
            trial = Trial(connection, train)
            try:
                trial.create()
            except TrialRunsError as error:
                raise CommandError(str(error)) from error
            try:
                with Progress(
                    TextColumn("{task.description}"),
                    BarColumn(),
                    MofNCompleteColumn(),
                    TimeRemainingColumn(),
                    transient=True,
                ) as progress:
                    result = compare(trial, train, test, gap, _Tasks(progress).advance)
            finally:
                trial.drop()
        if not result.questions:
            raise CommandError("The later part asks nothing: no session in it comes to a second product.")
        self.report(result, train, test)
        self.write(options["out"], result, train, test)

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
        console = Console(width=100)
        with console.capture() as drawn:
            console.print(table)
        self.stdout.write(drawn.get())

    def write(self, folder: Path, result: Result, train: History, test: History) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        plot_measures(result.measures, folder / "measures.png")
        plot_lines(
            result.by_length, "distinct products seen (the last: so many or more)", folder / "length.png"
        )
        if result.curve:
            plot_lines({"learning": result.curve}, "events of the test part learned", folder / "learning.png")
        told = {
            "layout": train.layout.name,
            "train": {"events": len(train), "until": _moment(train, -1)},
            "test": {"events": len(test), "from": _moment(test, 0), "until": _moment(test, -1)},
            "questions": result.questions,
            "judged": result.judged,
            "measures": [asdict(each) for each in result.measures],
            "hitRate20ByLength": result.by_length,
            "hitRate20WhileLearning": result.curve,
        }
        (folder / "evaluation.json").write_text(json.dumps(told, indent=2) + "\n")
        self.stdout.write(f"Plots and figures: {folder}/")


class _Tasks:
    """A bar for each thing that is done, one after another."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.tasks: dict[str, TaskID] = {}

    def advance(self, what: str, done: int, total: int) -> None:
        if what not in self.tasks:
            self.tasks[what] = self.progress.add_task(what, total=total)
        self.progress.advance(self.tasks[what], done)


def _moment(history: History, place: int) -> str:
    return datetime.fromtimestamp(int(history.milliseconds[place]) / 1000, UTC).isoformat(timespec="seconds")
