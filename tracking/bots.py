"""Whether a browser's user agent is a bot's, by the list that crawler-user-agents keeps."""

from functools import lru_cache

from crawleruseragents import is_crawler


@lru_cache(maxsize=10_000)
def is_bot(user_agent: str) -> bool:
    """Of a browser's user agent only: server libraries name themselves too, and are none."""
    return bool(user_agent) and bool(is_crawler(user_agent[:500]))


def is_browser(user_agent: str) -> bool:
    """Browsers begin with this word, and so do the bots that pose as one."""
    return user_agent.startswith("Mozilla/")
