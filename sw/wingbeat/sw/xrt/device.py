"""The `xrt` device."""

from __future__ import annotations

from pathlib import Path

from wingbeat.compiler.image import Image
from wingbeat.sw.device.protocol import Loading, silently
from wingbeat.sw.driver.device import DriverDevice
from wingbeat.sw.xrt.proxy import PATIENCE
from wingbeat.sw.xrt.transport import XrtTransport


class XrtDevice(DriverDevice):
    """A card under the driver of a board.

    Parameters
    ----------
    index, xclbin, patience : see `XrtTransport`
    """

    def __init__(
        self, index: int = 0, xclbin: Path | None = None, patience: float = PATIENCE
    ) -> None:
        self._card = XrtTransport(index, xclbin, patience)
        super().__init__(self._card)

    def load(self, image: Image, progress: Loading = silently) -> None:
        """Take an image, over a new connection if the last one has ended; see `Device.load`."""
        self._card.connect()
        super().load(image, progress)
