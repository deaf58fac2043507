"""Tests of sealedfiles.app.check."""
