"""Whether what a browser does may be stored: what its visitor chose, what it asks for, what the site assumes."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

COOKIE: Final = "consent"
MAX_AGE: Final = 180 * 24 * 3600
"""Seconds that a choice lasts; then it is asked again."""

ASSUMED: Final = "granted"
"""The policy (`settings.TRACKING_CONSENT`) that stores until somebody says no; every other one asks first."""


class Consent(StrEnum):
    """Whether this browser's calls may be stored, and on whose word."""

    GRANTED = "granted"
    DENIED = "denied"
    SIGNALLED = "signalled"
    """Do Not Track or Global Privacy Control: for every site, and so also where the visitor said yes here."""
    ASSUMED = "assumed"
    UNANSWERED = "unanswered"

    @property
    def allows(self) -> bool:
        return self in {Consent.GRANTED, Consent.ASSUMED}


def consent_of(headers: Mapping[str, str], consent_cookie: str | None, policy: str) -> Consent:
    """The consent of a browser's call; header names in lower case. A policy that nobody knows asks first."""
    if headers.get("dnt", "").strip() == "1" or headers.get("sec-gpc", "").strip() == "1":
        return Consent.SIGNALLED
    if consent_cookie in {Consent.GRANTED, Consent.DENIED}:
        return Consent(consent_cookie)
    return Consent.ASSUMED if policy == ASSUMED else Consent.UNANSWERED


def is_consented(headers: Mapping[str, str], consent_cookie: str | None, policy: str) -> bool:
    """Whether this browser's call may be stored."""
    return consent_of(headers, consent_cookie, policy).allows


def is_refused_in(context: Mapping[str, Any]) -> bool:
    """Whether a consent manager in the sender's page says that everything was refused.

    Segment's SDKs say so in `context.consent`, RudderStack's in `context.consentManagement`. Which of their categories
    would cover this collector is not known, so only a no to all of them counts.
    """
    consent, management = context.get("consent"), context.get("consentManagement")
    if isinstance(consent, Mapping):
        preferences = consent.get("categoryPreferences")
        if isinstance(preferences, Mapping) and preferences:
            return all(allowed is False for allowed in preferences.values())
    if isinstance(management, Mapping):
        return bool(management.get("deniedConsentIds")) and not management.get("allowedConsentIds")
    return False
