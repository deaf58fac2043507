"""The clean/smudge filter and the diff driver."""
