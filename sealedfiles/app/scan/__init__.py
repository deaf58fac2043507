"""`sealedfiles scan`: find sealed values, and other secrets, in plaintext anywhere."""
