"""New values: generated, handed to their provider, and written."""
