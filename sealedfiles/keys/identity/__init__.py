"""The user's own keys: where they are found, and how they are generated."""
