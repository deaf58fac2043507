"""sealedfiles: secrets in git, with only the values sealed."""

__version__ = "0.1.0"
