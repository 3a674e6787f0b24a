"""Why events are refused, in words, and what to do about it."""

from typing import Final, NamedTuple

from tracking.refusals import Reason


class Words(NamedTuple):
    short: str
    meaning: str
    remedy: str


WORDS: Final = {
    Reason.MALFORMED: Words(
        "malformed",
        "It is no JSON, or a field holds what it must not.",
        "Mend the field below and replay it; and mend the sender, or the next one is refused as well.",
    ),
    Reason.TOO_LARGE: Words(
        "too large",
        "An event may have 32 KB, a request 500 KB. Of what is larger only the beginning is kept.",
        "Let the sender leave out what it does not need. Cut it to what is valid JSON below to replay it.",
    ),
    Reason.UNKNOWN_TYPE: Words(
        "unknown type",
        "Its type is none of page, track, identify, alias, group and screen.",
        "Set “type” below to one of them and replay it.",
    ),
    Reason.MISSING_ID: Words(
        "missing id",
        "Nothing says whose it is: neither a visitor's cookie nor anonymousId nor userId.",
        "Put the visitor's id into “anonymousId” below and replay it.",
    ),
    Reason.CLOCK: Words(
        "clock",
        "By its own times it happened more than 30 days before it was sent, or more than 24 hours after.",
        "If the time is right, let its key backfill and replay it. If not, take “timestamp” out: it then counts as"
        " of when it was received.",
    ),
    Reason.BAD_KEY: Words(
        "bad key",
        "Its write key is unknown or switched off, takes nothing from that site, or may not say what it said.",
        "See that the key is on and has the site among its sites, then replay it, with another key if need be.",
    ),
    Reason.CONSENT: Words("no consent", "The visitor had not consented.", "Nothing: it must not be stored."),
    Reason.BOT: Words(
        "bot", "Its user agent is a bot's.", "Replay it if it was not: it stays marked as a bot's."
    ),
}


def words_of(reason: str) -> Words:
    """In words; a reason that a newer version wrote stands for itself."""
    try:
        return WORDS[Reason(reason)]
    except ValueError:
        return Words(reason, "This version does not know the reason.", "See the detail.")
