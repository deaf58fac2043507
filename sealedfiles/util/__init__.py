"""Files, folders and messages, for every layer."""
