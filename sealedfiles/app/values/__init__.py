"""New values: generated, handed to their provider, and written; and which values are due."""
