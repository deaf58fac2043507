"""Editing a file by hand: the user's editor on the plaintext, in a private folder."""
