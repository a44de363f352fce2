"""A host at the end of a serial line: UART, frames, and the buses that they reach."""
