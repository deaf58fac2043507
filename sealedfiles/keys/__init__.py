"""Group keys: how ``.sealedfiles/`` stores them, who can decrypt them, and where identities are found."""
