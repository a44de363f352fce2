"""What lies in the fabric and where: the one declaration that handoff file and board agree on."""

from __future__ import annotations

from dataclasses import dataclass

from wingbeat.boards.board import Board
from wingbeat.boards.overlay.processors import ZYNQ_7000, ZYNQ_ULTRASCALE, Processor
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.errors import ConfigError
from wingbeat.hw.isa.instructions import ISA_VERSION
from wingbeat.hw.register_map import ADDRESS_BITS

VENDOR, LIBRARY, NAME = "wingbeat", "accelerator", "wingbeat"

VLNV = f"{VENDOR}:{LIBRARY}:{NAME}:{ISA_VERSION}.0"
"""Identity that PYNQ binds a driver by; the version is that of the instruction set."""

ACCELERATOR = "wingbeat"
"""Instance of the accelerator."""

LEDS = "leds_gpio"
"""Instance of an AXI GPIO: a user sees that the fabric lives, and PYNQ's self-test asks for one."""

LEDS_VLNV = "xilinx.com:ip:axi_gpio:2.0"

REGISTER_BYTES = 1 << ADDRESS_BITS
"""Span of the accelerator's registers."""

LEDS_OFFSET = 0x1_0000
"""Of the GPIO behind the accelerator."""

LOW_MEMORY = 1 << 31
"""Bytes that a processing system has at the bottom of its addresses; PYNQ allocates there."""


@dataclass(frozen=True)
class Design:
    """An overlay: one accelerator beside a processing system.

    Attributes
    ----------
    config : the accelerator
    processor : family of the processing system
    memory_bytes : of the memory that both reach, from address 0 on
    part : FPGA part number
    """

    config: AcceleratorConfig
    processor: Processor
    memory_bytes: int
    part: str

    @property
    def name(self) -> str:
        """File name without suffix: of the same name, PYNQ sends a bitstream only once."""
        return f"wingbeat_{self.config.digest}"

    @property
    def accelerator_base(self) -> int:
        """Address of the accelerator's registers."""
        return self.processor.fabric_base

    @property
    def leds_base(self) -> int:
        """Address of the GPIO's registers."""
        return self.processor.fabric_base + LEDS_OFFSET


def overlay_design(board: Board, config: AcceleratorConfig | None = None) -> Design:
    """Return the overlay of a board.

    Parameters
    ----------
    board : with a processing system, or a simulated one, which is a Zynq UltraScale+
    config : by default, the board's own

    Raises
    ------
    ConfigError
        If the processing system has fewer memory ports than the accelerator.
    """
    config = config or board.accelerator
    processor = ZYNQ_7000 if board.part.startswith("xc7z") else ZYNQ_ULTRASCALE
    if config.ports > len(processor.memory_ports):
        raise ConfigError(
            f"`ports` must be at most {len(processor.memory_ports)} on a {processor.module}, "
            f"not {config.ports}"
        )
    memory = min(board.memory.mebibytes << 20, LOW_MEMORY)
    return Design(config, processor, memory, board.part)
