"""Values in git's history: who could have read them, and when they last changed."""
