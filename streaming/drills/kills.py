"""A part killed with SIGKILL; the supervisor, or whatever keeps it alive, starts it again."""

from collections.abc import Awaitable, Callable

from streaming.drills.stage import Stage


def kill(part: str) -> Callable[[Stage], Awaitable[None]]:
    async def steps(stage: Stage) -> None:
        struck = await stage.kill(part)
        await stage.parts.until_back(struck)
        stage.returned(f"{part} is ready again")
        await stage.settle()

    return steps
