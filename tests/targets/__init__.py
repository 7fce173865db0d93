"""Targets for tests: what users bring, the good and the bad."""
