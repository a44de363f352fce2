"""`--device pynq` and `--device pynq://HOST`: the overlay is chosen when an image is loaded."""

from __future__ import annotations

from typing import Any

from pynq import Device

from wingbeat.compiler.image import Image
from wingbeat.sw.device.protocol import Loading, silently
from wingbeat.sw.driver.device import DriverDevice
from wingbeat.sw.pynq.address import Address
from wingbeat.sw.pynq.bitstreams import find_bitstream
from wingbeat.sw.pynq.channel import answered
from wingbeat.sw.pynq.overlay import WingbeatOverlay
from wingbeat.sw.pynq.remote import Board
from wingbeat.sw.pynq.transport import PynqTransport


class PynqDevice(DriverDevice):
    """An accelerator on a PYNQ board.

    Parameters
    ----------
    address : of the board

    Raises
    ------
    DeviceError
        If there is no board, or it does not answer.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._socket = PynqTransport(address.name)
        super().__init__(self._socket)
        self._board: Any = self._open()

    def load(self, image: Image, progress: Loading = silently) -> None:
        """Configure the fabric for an image, then take it; see `Device.load`."""
        self.unload()
        if self._board is None:
            self._board = self._open()
        progress("configuring the fabric", 0.0)
        bitstream = self._address.bitstream or find_bitstream(image.manifest, self._board.name)
        overlay = WingbeatOverlay(bitstream, self._board, self._address.name)
        self._socket.attach(overlay.accelerator, overlay.reload)
        super().load(image, progress)

    def close(self) -> None:
        """Give up memory and connection; another `load` opens it anew."""
        super().close()
        board, self._board = self._board, None
        if isinstance(board, Board):
            board.close()

    def _open(self) -> Any:
        """Return PYNQ's device: of the board this runs on, or one in the network."""
        with answered(self._address.name):
            if self._address.host is None:
                return Device.active_device
            return Board(self._address.host, self._address.port)
