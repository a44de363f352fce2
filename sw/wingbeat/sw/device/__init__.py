"""Devices: one protocol, and the machines that implement it."""
