"""What a person at the terminal sees of a stack: a line for each step, and later for each restart."""

from rich.console import Console
from rich.status import Status

from services.home import Home
from services.state import FAILED, READY, STARTING, PartState, StackState


class Display:
    """Draws the difference between one state and the next. Close it before anything else is printed."""

    def __init__(self, home: Home, known: StackState | None = None) -> None:
        """What is `known` already is not told again."""
        self.home = home
        self.console = Console(highlight=False, soft_wrap=True)
        self.waiting: Status = self.console.status("starting")
        self.seen = {part.name: part for part in known.parts} if known else {}
        self.state = known.state if known else ""

    def __enter__(self) -> "Display":
        self.waiting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.waiting.stop()

    def show(self, state: StackState) -> None:
        if not self.state:
            for note in state.notes:
                self.console.print(f"[yellow]![/] {note}")
        for part in state.parts:
            self.show_part(self.seen.get(part.name), part, stopping=state.state not in (STARTING, READY))
        self.seen = {part.name: part for part in state.parts}
        missing = [part.name for part in state.parts if part.state == STARTING]
        if state.state == STARTING:
            self.waiting.update(f"waiting for {', '.join(missing)}")
        elif state.state == "stopping":
            self.waiting.start()
            self.waiting.update(f"stopping {', '.join(p.name for p in state.parts if p.pid)}")
        elif state.state != self.state:
            self.waiting.stop()
            if state.state == READY and state.shop:
                self.show_places(state.shop)
            elif state.state == FAILED:
                self.console.print(f"\n{state.failure}", style="red", markup=False)
        self.state = state.state

    def show_part(self, before: PartState | None, now: PartState, *, stopping: bool) -> None:
        if stopping:
            if before and before.pid and not now.pid:
                self.console.print(f"[dim]■ {now.name} stopped[/]")
        elif before and now.restarts > before.restarts:
            self.console.print(f"[yellow]![/] {now.name} {now.detail}")
        elif now.state == READY and (before is None or before.state != READY):
            again = "again " if now.restarts else ""
            seconds = "" if now.restarts or now.seconds is None else f"{now.seconds:6.1f} s"
            self.console.print(f"[green]✓[/] {now.name:<15}{again}{seconds}  [dim]{now.address}[/]")

    def show_places(self, shop: str) -> None:
        password = self.home.shown(self.home.path / "admin-password")
        self.console.print(f"\n[bold]Shop[/]   {shop}")
        self.console.print(
            f"[bold]Admin[/]  {shop}admin/   user [bold]admin[/], password "
            f"[bold]{self.home.secret('admin-password')}[/] (in {password})"
        )
