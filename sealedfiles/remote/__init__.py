"""The services that sealedfiles talks to: secret stores, and key management services."""
