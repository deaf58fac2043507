"""Replace another tool's encryption of a repository's files by this one."""
