"""A topic's messages: found and followed, one of them whole, and one produced."""
