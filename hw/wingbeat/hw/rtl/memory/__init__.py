"""The on-chip memories and their ports."""
