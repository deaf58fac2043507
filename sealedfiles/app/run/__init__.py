"""Run a program with sealed values in its environment."""
