"""Selecting the files that are sealed: patterns, attributes, the policy."""
