"""Which conventions a target follows, found by experiments and not by its name."""
