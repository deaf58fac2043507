"""Use cases: return data or raise, print nothing."""
