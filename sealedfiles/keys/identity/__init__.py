"""The user's identities: key lookup, generation and storage."""
