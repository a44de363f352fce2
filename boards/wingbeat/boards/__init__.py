"""Boards: what each one offers, as one YAML file a board."""
