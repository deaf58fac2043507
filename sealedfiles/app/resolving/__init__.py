"""Resolve secret references: values that name a secret in a store (docs/references.md)."""
