"""Tests of the textbook."""
