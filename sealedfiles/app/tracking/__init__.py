"""Which files are sealed: patterns, attributes, the policy."""
