"""The command line: `wingbeat run`, `compile`, `disasm`, `info`, `boards`."""
