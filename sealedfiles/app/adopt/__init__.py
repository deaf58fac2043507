"""Adopt a repository that has secrets in plaintext, and list the values that must be changed since."""
