"""The group keys: how they lie in ``.sealedfiles/``, who may open them, and where identities are found."""
