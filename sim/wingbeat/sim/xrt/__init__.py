"""An emulated card: a process that unmodified XRT speaks to as to a simulator of the RTL."""
