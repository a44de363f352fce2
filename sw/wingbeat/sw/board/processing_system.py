"""Registers of a processing system, as far as PYNQ looks at them: clocks, and port widths."""

from __future__ import annotations

from wingbeat.boards.overlay.processors import ZYNQ_7000, Processor

_ULTRASCALE_PLL = 45 << 8
"""1499.985 MHz of a reference of 33.333 MHz."""

_ULTRASCALE_CLOCK = 1 << 24 | 1 << 16 | 15 << 8
"""Enabled, 100 MHz."""

_ULTRASCALE = {
    **dict.fromkeys((0xFF5E0020, 0xFF5E0030), _ULTRASCALE_PLL),
    **dict.fromkeys((0xFD1A0020, 0xFD1A002C, 0xFD1A0038), _ULTRASCALE_PLL),
    0xFD1A0060: 1 << 8,
    **dict.fromkeys(range(0xFF5E00C0, 0xFF5E00D0, 4), _ULTRASCALE_CLOCK),
}

_ZYNQ_PLL = 20 << 12
"""1000 MHz of a reference of 50 MHz."""

_ZYNQ_CLOCK = 1 << 20 | 10 << 8
"""100 MHz."""

_ZYNQ = {
    **dict.fromkeys(range(0xF8000100, 0xF800010C, 4), _ZYNQ_PLL),
    0xF8000120: 2 << 8,
    **dict.fromkeys(range(0xF8000170, 0xF80001B0, 0x10), _ZYNQ_CLOCK),
}

BASE = 0xE000_0000
"""Addresses from here on belong to the processing system."""

END = 1 << 32


class ProcessingSystem:
    """Words that keep what is written to them; clocks hold what a board boots with.

    Parameters
    ----------
    processor : family
    """

    def __init__(self, processor: Processor) -> None:
        self._words = dict(_ZYNQ if processor is ZYNQ_7000 else _ULTRASCALE)

    def read(self, address: int) -> int:
        """Read a word."""
        return self._words.get(address, 0)

    def write(self, address: int, value: int) -> None:
        """Write a word."""
        self._words[address] = value
