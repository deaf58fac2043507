"""What git's history tells of values: who could have read them, and since when they are what they are."""
