"""A catalogue of one's own, from a CSV or JSON file: all of it, or nothing and the reasons."""
