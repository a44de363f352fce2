"""The driver: one core over whatever carries registers and memory to an accelerator."""
