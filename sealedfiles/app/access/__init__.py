"""Who has access: granting, revoking, and confirming changed public keys."""
