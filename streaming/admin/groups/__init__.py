"""Consumer groups: how far behind each is, who is in it, and its offsets moved."""
