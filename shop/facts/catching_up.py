"""Keeps the followers up to date where no page did: after a crash, and for what no page waits for."""

import threading
from typing import Final

from eventsourcing.persistence import PersistenceError

from shop.facts.pages import FOLLOWERS
from tracking.delivery.steps import AWAY, Work, run_steps

IDLE_SECONDS: Final = 0.25


class CatchingUp(Work):
    """Any number of processes may run it; a follower's position makes them take turns."""

    def run(self, stopping: threading.Event) -> None:
        """Follows until told to stop, and goes on by itself after Postgres was away."""
        complaint = "Projections cannot catch up; they are tried again"
        run_steps(
            self, stopping, complaint=complaint, idle_seconds=IDLE_SECONDS, errors=(*AWAY, PersistenceError)
        )

    def step(self) -> int:
        return sum(follower.catch_up() for follower in FOLLOWERS)
