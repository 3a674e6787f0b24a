"""What a drill is: what it strikes, how, and what it may cost."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from streaming.drills.stage import Stage


@dataclass(frozen=True, slots=True)
class Drill:
    name: str
    title: str
    does: str
    """One sentence for whoever is about to start it."""
    steps: Callable[[Stage], Awaitable[None]]
    """Strikes, and tells the stage when what was struck is back. What it changes it owes, so that it is put back."""
    takes_shop_down: bool = False
    """Then the shop has to be there again within seconds of the return."""
    may_refuse: bool = False
    """Whether events may be refused meanwhile, to be sent again."""
    strikes: bool = True
    """False of a drill that only measures."""
    under_load: bool = True
