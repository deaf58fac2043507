"""The data model, without I/O: tokens, key paths, globs, the policy."""
