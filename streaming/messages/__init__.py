"""Records of any topic: found, read, followed as they come, and produced. None of it joins a consumer group."""
