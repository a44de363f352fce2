"""The few files of a board's Linux that PYNQ reads and writes, in memory."""

from __future__ import annotations

import posixpath
import threading
from collections.abc import Callable

from wingbeat.boards.overlay.processors import Processor
from wingbeat.hw.errors import DeviceError

FIRMWARE = "/lib/firmware/"
MANAGER = "/sys/class/fpga_manager/fpga0/"
BOARD_NAME = "wingbeat-simulation"
"""By this a host knows that no FPGA is behind the server."""

BOARD_FILE = "/proc/device-tree/chosen/pynq_board"

LARGEST = 64 << 20
"""Bytes of all written files, at most."""

_FOLDERS = (FIRMWARE, "/tmp/")
"""Where a client may put files."""


class Files:
    """A file system of files that are read or replaced as a whole.

    Parameters
    ----------
    processor : family of the processing system
    program : called with the contents of a bitstream when the FPGA manager is told its name
    """

    def __init__(self, processor: Processor, program: Callable[[bytes], None]) -> None:
        self._program = program
        self._lock = threading.Lock()
        self._fixed = {
            "/proc/version": f"Linux version 6.6.0 ({BOARD_NAME}) {processor.architecture}\n",
            BOARD_FILE: BOARD_NAME,
            MANAGER + "state": "operating\n",
        }
        self._written: dict[str, bytes] = {MANAGER + "flags": b"0\n"}

    def exists(self, path: str) -> bool:
        """Return whether there is such a file."""
        return path in self._fixed or path in self._written

    def read(self, path: str) -> bytes:
        """Return a file's contents; DeviceError if there is none."""
        if path in self._fixed:
            return self._fixed[path].encode()
        try:
            return self._written[path]
        except KeyError:
            raise DeviceError(f"file `{path}` must exist on the board, and does not") from None

    def write(self, path: str, data: bytes) -> None:
        """Replace a file's contents; of the FPGA manager's `firmware`, configure the fabric.

        Raises
        ------
        DeviceError
            If the board has no such file, or no room.
        BitstreamError
            If the fabric cannot be configured with it; the bitstream is taken away then, so that
            PYNQ sends it again.
        """
        with self._lock:
            if path == MANAGER + "firmware":
                self._configure(data.decode("utf-8", "replace").strip())
            elif path == MANAGER + "flags" or posixpath.dirname(path) + "/" in _FOLDERS:
                self._keep(path, data)
            else:
                raise DeviceError(
                    f"file `{path}` must lie in {' or '.join(_FOLDERS)} to be written"
                )

    def _keep(self, path: str, data: bytes) -> None:
        others = sum(len(value) for key, value in self._written.items() if key != path)
        if others + len(data) > LARGEST:
            raise DeviceError(
                f"files on the board must be {LARGEST >> 20} MiB at most, and `{path}` of "
                f"{len(data)} bytes would be too much beside {others} bytes of others"
            )
        self._written[path] = data

    def _configure(self, name: str) -> None:
        path = FIRMWARE + name
        if path not in self._written:
            raise DeviceError(f"bitstream `{path}` must be written before it is loaded")
        try:
            self._program(self._written[path])
        except Exception:
            del self._written[path]
            raise
