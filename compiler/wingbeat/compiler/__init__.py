"""Compiler: from a model file to an image that every machine runs.

Nothing here knows what a wire is.
"""
