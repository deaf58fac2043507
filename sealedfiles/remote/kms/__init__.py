"""Key management services: they encrypt and decrypt a short text with a key that never leaves them."""
