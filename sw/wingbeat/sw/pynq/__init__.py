"""The driver for boards that run PYNQ: on the board itself, or from another computer."""
