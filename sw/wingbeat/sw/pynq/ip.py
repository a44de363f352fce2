"""The accelerator as PYNQ's driver object: bound by its VLNV, checked against the handoff file."""

from __future__ import annotations

from typing import Any

from pynq.overlay import DefaultIP

from wingbeat.boards.overlay.design import VLNV
from wingbeat.boards.overlay.handoff import register_words
from wingbeat.hw.errors import DeviceError
from wingbeat.hw.register_map import IDENTITY, RegisterMap


class WingbeatIP(DefaultIP):
    """Registers of one accelerator; `register_map` shows them by name.

    Parameters
    ----------
    description : what PYNQ has read in the handoff file

    Raises
    ------
    DeviceError
        If the handoff file has another register map than this driver.
    """

    bindto = [VLNV]  # noqa: RUF012 - PYNQ wants a list

    def __init__(self, description: dict[str, Any]) -> None:
        super().__init__(description)
        self.parameters: dict[str, str] = description["parameters"]
        found = {name: entry["address_offset"] for name, entry in self._registers.items()}
        for word in register_words():
            if found.get(word.name) != word.offset:
                raise DeviceError(
                    f"register {word.name} must be at {word.offset:#x} in the handoff file, not at "
                    f"{found.get(word.name)}: it is of another version of wingbeat"
                )

    @property
    def digest(self) -> str:
        """Configuration that the handoff file describes."""
        return str(self.parameters["DIGEST"])

    def check(self) -> None:
        """See that what runs is what the handoff file describes; DeviceError otherwise."""
        identity = self.mmio.read(RegisterMap.IDENTITY.word())
        if identity != IDENTITY:
            raise DeviceError(
                f"a wingbeat accelerator must identify itself as {IDENTITY:#010x}, not as "
                f"{identity:#010x}: another bitstream is loaded"
            )
        low, high = (self.mmio.read(RegisterMap.DIGEST.word(i)) for i in range(2))
        if (found := f"{high << 32 | low:016x}") != self.digest:
            raise DeviceError(
                f"the accelerator must have configuration {self.digest}, as its handoff file "
                f"says, not {found}"
            )
