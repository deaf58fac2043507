"""Looking for the values that this clone can open in places where they are not sealed."""
