"""Signatures of the ports of the on-chip memories, seen from whoever reads or writes.

Sizes are those of a configuration: `vector_lanes` words are a *step*, 4 words are a *quad*, and
both are counted from the beginning of the vector memory.
"""

from __future__ import annotations

from amaranth.hdl import signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.formats import GROUP
from wingbeat.hw.rtl.fp32.format import WIDTH

READ_LATENCY = 2
"""Cycles from an accepted address to its data."""

QUAD = 4
"""Words of a quad, the unit in which the vector memory is written."""


def step_bits(config: AcceleratorConfig) -> int:
    """Bits of the address of a step."""
    return int(ceil_log2(config.vector_words // config.vector_lanes))


def quad_bits(config: AcceleratorConfig) -> int:
    """Bits of the address of a quad."""
    return int(ceil_log2(config.vector_words // QUAD))


def words(config: AcceleratorConfig) -> data.ArrayLayout:
    """Layout of a step."""
    return data.ArrayLayout(unsigned(WIDTH), config.vector_lanes)


ENTRY = data.StructLayout(
    {"codes": data.ArrayLayout(signed(8), GROUP), "scale": unsigned(WIDTH), "sum": signed(16)}
)
"""A group of the operand memory: codes, their FP32 scale, the sum of the codes."""


def fixed_read(address_bits: int, shape: data.Layout) -> wiring.Signature:
    """Return a read port that is always served: `data` answers `READ_LATENCY` cycles later."""
    return wiring.Signature({"address": Out(address_bits), "enable": Out(1), "data": In(shape)})


def shared_read(address_bits: int, shape: data.Layout) -> wiring.Signature:
    """Return a read port that may have to wait.

    The address is accepted in a cycle with `valid` and `ready`; `data` has the answer
    `READ_LATENCY` cycles later, whether the reader wants it or not.
    """
    return wiring.Signature(
        {"address": Out(address_bits), "valid": Out(1), "ready": In(1), "data": In(shape)}
    )


def vector_fixed_read(config: AcceleratorConfig) -> wiring.Signature:
    """Return a port that reads a step in every cycle."""
    return fixed_read(step_bits(config), words(config))


def vector_read(config: AcceleratorConfig) -> wiring.Signature:
    """Return a port that reads a step when the vector machine does not."""
    return shared_read(step_bits(config), words(config))


def vector_write(config: AcceleratorConfig) -> wiring.Signature:
    """Return a port that writes up to `vector_lanes` words from the beginning of any quad.

    Word i goes to word `4 * quad + i` where bit i of `enable` is set. It is accepted in a cycle
    with `valid` and `ready`, and seen by reads that are accepted `VectorMemory.WRITE_LATENCY`
    cycles later.
    """
    return wiring.Signature(
        {
            "quad": Out(quad_bits(config)),
            "words": Out(words(config)),
            "enable": Out(config.vector_lanes),
            "valid": Out(1),
            "ready": In(1),
        }
    )


def operand_bits(config: AcceleratorConfig) -> int:
    """Bits of the address of a group of the operand memory."""
    return int(ceil_log2(config.operand_groups))


def operand_fixed_read(config: AcceleratorConfig) -> wiring.Signature:
    """Return a port that reads a group of the operand memory in every cycle."""
    return fixed_read(operand_bits(config), ENTRY)


def operand_read(config: AcceleratorConfig) -> wiring.Signature:
    """Return a port that reads a group of the operand memory when the matrix unit does not."""
    return shared_read(operand_bits(config), ENTRY)


def operand_write(config: AcceleratorConfig) -> wiring.Signature:
    """Return a port that writes a group; reads accepted a cycle later see it."""
    return wiring.Signature(
        {"address": Out(operand_bits(config)), "entry": Out(ENTRY), "valid": Out(1)}
    )
