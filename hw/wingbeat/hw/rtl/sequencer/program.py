"""Sizes and layouts that the parts of the sequencer share."""

from __future__ import annotations

from typing import Any

from amaranth.lib import data

from wingbeat.hw.isa.instructions import Unit

INSTRUCTIONS = 1024
"""Instructions of a program, at most: 32 KiB of instruction memory."""

PC_BITS = (INSTRUCTIONS - 1).bit_length()
"""Width of the program counter of an instruction."""

UNITS = (Unit.LD, Unit.ST, Unit.MPE, Unit.MISC)
"""Units that have a queue; SYS is the sequencer itself."""

MASK = len(Unit)
"""Width of a mask of units: bit i is unit i."""

MASKS = data.ArrayLayout(MASK, len(Unit))
"""A mask for each unit."""

RETIRED = data.StructLayout({"valid": 1, "pc": PC_BITS})
"""An instruction that ends in this cycle."""

ACTIVITY = data.StructLayout({"running": 1, "dispatched": MASK, "started": MASK, "stalled": MASK})
"""What happens in this cycle, for traces: a program runs; bit i for unit i: an instruction is put
into its queue (never SYS), one is in progress for the first time, `Sequencer.stalled`."""


def entry_layout(command: Any) -> data.StructLayout:
    """Return the layout of an instruction on its way to a unit; a fence carries no command."""
    return data.StructLayout(
        {
            "pc": PC_BITS,
            "wait": MASK,
            "release": MASK,
            "fence": 1,
            "command": command,
        }
    )
