"""Tests of the history of values in git."""
