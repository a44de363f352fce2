"""The `xclbin` of an accelerator for XRT's hardware emulation."""

from __future__ import annotations

from ctypes import c_int16

from wingbeat.boards.xclbin.container import container
from wingbeat.boards.xclbin.kernel import (
    BASE_ADDRESS,
    COMPUTE_UNIT,
    KERNEL,
    arguments,
    embedded_metadata,
)
from wingbeat.boards.xclbin.structures import (
    Bank,
    Clock,
    ClockType,
    Connection,
    Ip,
    IpType,
    MemoryType,
    Mode,
    SectionKind,
    table,
)
from wingbeat.hw.config import AcceleratorConfig

PLATFORM = "wingbeat_emulation"
"""What the emulated card calls itself."""

MEMORY_START = 1 << 32
"""Address of the bank's first byte: not 0, which XRT's emulation gives a buffer without memory."""


def emulation_xclbin(config: AcceleratorConfig, memory_bytes: int) -> bytes:
    """Return the file for a card with one bank of memory that every port reaches.

    Parameters
    ----------
    config : the accelerator
    memory_bytes : of the bank, a multiple of 1024
    """
    bank = Bank(
        MemoryType.DDR4, 1, kibibytes=memory_bytes // 1024, base=MEMORY_START, tag=b"DDR[0]"
    )
    connections = [
        Connection(index, 0, 0)
        for index, argument in enumerate(arguments(config))
        if argument.port is not None
    ]
    ip = Ip(IpType.KERNEL, 0, BASE_ADDRESS, f"{KERNEL}:{COMPUTE_UNIT}".encode())
    clock = Clock(round(config.clock_mhz), ClockType.DATA, name=b"DATA_CLK")
    banks, links = table([bank]), table(connections)
    sections = {
        SectionKind.EMBEDDED_METADATA: embedded_metadata(config, PLATFORM),
        SectionKind.MEM_TOPOLOGY: banks,
        SectionKind.CONNECTIVITY: links,
        SectionKind.IP_LAYOUT: table([ip]),
        SectionKind.CLOCK_FREQ_TOPOLOGY: table([clock], c_int16),
        SectionKind.GROUP_TOPOLOGY: banks,
        SectionKind.GROUP_CONNECTIVITY: links,
    }
    return container(sections, Mode.HW_EMU, PLATFORM)
