"""Drills: a part of the running product fails on purpose, under load, and what that cost is measured and kept."""
