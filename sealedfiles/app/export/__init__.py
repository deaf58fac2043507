"""Export sealed files for another tool, or for use without one."""
