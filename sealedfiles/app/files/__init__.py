"""Reading, changing and exporting the values of one file."""
