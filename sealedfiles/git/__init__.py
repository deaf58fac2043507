"""Everything that knows of git: the filter, the index, the configuration."""
