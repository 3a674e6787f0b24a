"""What is held of a visitor event by event: where their events stand in the log, and what they say."""
