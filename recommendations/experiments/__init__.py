"""A/B tests: who is in which arm, when it is decided, and what was found."""
