"""Tests of what is found out without being told."""
