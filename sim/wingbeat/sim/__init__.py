"""Simulation: machines that execute an image without a board."""
