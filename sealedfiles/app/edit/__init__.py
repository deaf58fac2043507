"""Edit a file: run the user's editor on the plaintext, in a private folder."""
