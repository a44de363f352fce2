"""An emulated card: what XRT needs to find it, and the process side of it."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from wingbeat.boards.xclbin.emulation import PLATFORM, emulation_xclbin
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.sim.xrt.calls import Board
from wingbeat.sim.xrt.server import Server

PACKET_BYTES = 1 << 20
"""Bytes of a transfer in one call."""

_MARGIN = 4096
"""Bytes that the other fields of a transfer may take."""

XCLBIN = "wingbeat.xclbin"


def _silent(line: str) -> None:
    """Note nothing."""


class EmulatedCard:
    """Card 0 of XRT's hardware emulation, as long as it is open.

    Parameters
    ----------
    board : with its memory at `MEMORY_START`
    config : what the board is
    memory_bytes : of its memory, a multiple of 1024
    folder : for its files; its name is part of the socket's
    note : told, in one line, what happens
    """

    def __init__(
        self,
        board: Board,
        config: AcceleratorConfig,
        memory_bytes: int,
        folder: Path,
        note: Callable[[str], None] = _silent,
    ) -> None:
        self.folder = folder.resolve()
        self._user = os.environ.get("USER") or getpass.getuser()
        # a path of a socket is short, so it has no folder's name in it
        self._identity = f"wingbeat_{os.getpid()}_{id(self):x}"
        self._write(config, memory_bytes)
        path = Path("/tmp") / self._user / self._identity
        self._server = Server(board, path, note)

    @property
    def environment(self) -> dict[str, str]:
        """Variables by which a program with XRT finds this card and its xclbin."""
        return {
            "XCL_EMULATION_MODE": "hw_emu",
            "EMCONFIG_PATH": str(self.folder),
            "XRT_INI_PATH": str(self.folder / "xrt.ini"),
            "SDACCEL_EM_RUN_DIR": str(self.folder),
            "EMULATION_SOCKETID": self._identity,
            "USER": self._user,
            "WINGBEAT_XCLBIN": str(self.folder / XCLBIN),
        }

    def close(self) -> None:
        """Take the card out; who uses it notices."""
        self._server.close()

    def __enter__(self) -> EmulatedCard:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self, config: AcceleratorConfig, memory_bytes: int) -> None:
        xclbin = emulation_xclbin(config, memory_bytes)
        (self.folder / XCLBIN).write_bytes(xclbin)
        device = {
            "Name": PLATFORM,
            "HalMajorVersion": "1",
            "HalMinorVersion": "0",
            "DdrBanks": [{"Name": "DDR", "Size": "4GB"}],
        }
        description = {
            "Version": {"FileVersion": "2.0", "ToolVersion": "2022.1"},
            "Platform": {"Boards": [{"Devices": [device]}]},
        }
        (self.folder / "emconfig.json").write_text(json.dumps(description), encoding="utf-8")
        # Debian's XRT 2022.1 keeps using the old block after `realloc` has moved the buffer for a
        # message: the first message must be the largest, and it carries this file's settings
        settings = [
            "[Emulation]",
            "dont_run=true",
            f"packet_size={PACKET_BYTES}",
            "print_infos_in_console=false",
            "[Debug]",
            f"zpad={'x' * (PACKET_BYTES + _MARGIN)}",
        ]
        (self.folder / "xrt.ini").write_text("\n".join(settings) + "\n", encoding="utf-8")
