"""Test vectors of the format, and the second implementation that they were made with."""
