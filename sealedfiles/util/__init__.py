"""Files, folders, messages: what every layer needs."""
