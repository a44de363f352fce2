"""MISC: the vector machine."""
