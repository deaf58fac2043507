"""Vocabulary without I/O: tokens, key paths, globs, the policy."""
