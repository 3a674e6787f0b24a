"""The shop's facts: the event store, how it is written, and what follows it."""
