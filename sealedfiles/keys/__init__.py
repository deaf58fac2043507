"""Group keys and identities: storage in ``.sealedfiles/``, readers, and key lookup."""
