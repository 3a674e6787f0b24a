"""Events as they arrive: one reader in each web process while somebody watches, a socket for each watcher."""
