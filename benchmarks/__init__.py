"""Measurements: run by `make quality` and `make bench`, never by the tests."""
