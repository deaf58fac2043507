"""The git integration: the filter, the index, the configuration."""
