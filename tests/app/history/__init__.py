"""Tests of what git's history tells of values."""
