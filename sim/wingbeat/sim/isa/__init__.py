"""The ISA machine: executes encoded instructions with the arithmetic of `wingbeat.hw`."""
