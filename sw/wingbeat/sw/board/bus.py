"""What answers at which address, as a processor on the board sees it."""

from __future__ import annotations

from wingbeat.boards.overlay.design import LEDS_OFFSET, REGISTER_BYTES, Design
from wingbeat.hw.errors import DeviceError
from wingbeat.sw.board.hardware import Hardware
from wingbeat.sw.board.processing_system import BASE, END, ProcessingSystem

_WORD = 4

_GPIO_BITS = 0xF


class Bus:
    """Decodes addresses: device memory, the accelerator, the GPIO beside it, the processor's own.

    Access to device memory passes by the processor's caches.

    Parameters
    ----------
    design : what lies in the fabric
    hardware : the accelerator and its memory
    """

    def __init__(self, design: Design, hardware: Hardware) -> None:
        self._design = design
        self._hardware = hardware
        self._system = ProcessingSystem(design.processor)
        self._leds = 0

    def read(self, address: int) -> int:
        """Read a word of 32 bits; DeviceError if nothing answers there."""
        design = self._design
        if address + _WORD <= design.memory_bytes:
            return int.from_bytes(self._hardware.read_memory(address, _WORD).tobytes(), "little")
        if 0 <= address - design.accelerator_base < REGISTER_BYTES:
            return self._hardware.read_register(address - design.accelerator_base)
        if 0 <= address - design.leds_base < LEDS_OFFSET:
            return self._leds if address == design.leds_base else 0
        if BASE <= address < END:
            return self._system.read(address)
        raise self._nothing(address)

    def write(self, address: int, value: int) -> None:
        """Write a word of 32 bits; DeviceError if nothing answers there."""
        design = self._design
        if address + _WORD <= design.memory_bytes:
            self._hardware.write_memory(address, value.to_bytes(_WORD, "little"))
        elif 0 <= address - design.accelerator_base < REGISTER_BYTES:
            self._hardware.write_register(address - design.accelerator_base, value)
        elif 0 <= address - design.leds_base < LEDS_OFFSET:
            if address == design.leds_base:
                self._leds = value & _GPIO_BITS
        elif BASE <= address < END:
            self._system.write(address, value)
        else:
            raise self._nothing(address)

    def _nothing(self, address: int) -> DeviceError:
        design = self._design
        return DeviceError(
            f"address {address:#x} must belong to device memory (below {design.memory_bytes:#x}), "
            f"to the fabric ({design.accelerator_base:#x} and {design.leds_base:#x}) or to the "
            f"processing system (from {BASE:#x})"
        )
