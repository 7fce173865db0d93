"""Which known fault or convention a target behaves as, once a law does not hold."""
