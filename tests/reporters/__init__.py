"""Tests of the reporters, against golden files."""
