"""What git's history shows about values: who could have read them, and since when they are unchanged."""
