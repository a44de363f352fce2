"""Emulator of a heterogeneous system on chip: jobs are task graphs, elements execute tasks."""
