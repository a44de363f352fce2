"""The overlay for users of PYNQ: load an image, stream text."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from pynq import Clocks, Device, Overlay, allocate

from wingbeat.boards.overlay.design import ACCELERATOR
from wingbeat.compiler.image import Image
from wingbeat.hw.errors import DeviceError
from wingbeat.sw.device.protocol import Loading, silently
from wingbeat.sw.driver.device import DriverDevice
from wingbeat.sw.llm import LLM
from wingbeat.sw.pynq.address import SCHEME
from wingbeat.sw.pynq.channel import answered
from wingbeat.sw.pynq.ip import WingbeatIP
from wingbeat.sw.pynq.lock import pynq_state
from wingbeat.sw.pynq.throughput import Throughput, measure
from wingbeat.sw.pynq.transport import PynqTransport
from wingbeat.sw.stream import Stream


class WingbeatOverlay(Overlay):
    """An accelerator on a PYNQ board, on the board or from afar.

    Parameters
    ----------
    bitfile_name : .bit with its .hwh beside it
    device : PYNQ's device; by default, the active one
    name : what errors call it

    Raises
    ------
    DeviceError
        If the fabric cannot be configured, or holds something else then.
    """

    def __init__(
        self, bitfile_name: str | os.PathLike[str], device: Any = None, name: str = SCHEME
    ) -> None:
        self._name = name
        self._model: LLM | None = None
        with answered(name), pynq_state():
            device = device if device is not None else Device.active_device
            # PYNQ reaches some registers of the processing system by the active device only, and
            # holds on to the clocks of the first device that it has seen
            Device.active_device = device
            if "_real_instance" in vars(Clocks):
                del Clocks._real_instance
            super().__init__(os.fspath(bitfile_name), device=device)
            ip = getattr(self, ACCELERATOR, None)
        if not isinstance(ip, WingbeatIP):
            raise DeviceError(
                f"overlay `{Path(bitfile_name).name}` must have an accelerator named {ACCELERATOR} "
                f"that this driver knows, not {type(ip).__name__}"
            )
        with answered(name):
            ip.check()
        self.accelerator = ip
        """The accelerator's registers, by name in `accelerator.register_map`."""

    def __enter__(self) -> WingbeatOverlay:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reload(self) -> None:
        """Configure the fabric anew, which resets the accelerator."""
        with answered(self._name), pynq_state():
            self.download()

    def allocate(self, shape: int | tuple[int, ...], dtype: Any = "u4") -> Any:
        """Return a buffer in memory that the accelerator can reach, as `pynq.allocate` does."""
        with answered(self._name):
            return allocate(shape, dtype, target=self.device)

    def driver(self) -> DriverDevice:
        """Return the accelerator as a device, for `LLM`."""
        transport = PynqTransport(self._name)
        transport.attach(self.accelerator, self.reload)
        return DriverDevice(transport)

    def load(self, model: Image | Path | str, progress: Loading = silently, **options: Any) -> LLM:
        """Bring a model into device memory, in place of the one before.

        Parameters
        ----------
        model : an image, or the path of an image or of a model file (GGUF), compiled at need
        progress : told what is being done, and the share of it that is done
        options : see `LLM`, such as `board` for a model file

        Raises
        ------
        WingbeatError
            If the model is damaged, was compiled for another configuration, or has no room.
        """
        self._unload()
        self._model = LLM(model, self.driver(), progress=progress, **options)
        return self._model

    @property
    def model(self) -> LLM:
        """The model that is loaded."""
        if self._model is None:
            raise DeviceError(f"device {self._name} must hold an image, and none is loaded")
        return self._model

    def stream(self, prompt: str, **options: Any) -> Stream:
        """Go on from a text; see `LLM.stream`."""
        return self.model.stream(prompt, **options)

    async def astream(self, prompt: str, **options: Any) -> AsyncIterator[str]:
        """Yield what `stream` does, without keeping others from running.

        PYNQ knows no interrupts from afar: a thread polls.
        """
        with await asyncio.to_thread(self.stream, prompt, **options) as stream:
            while (piece := await asyncio.to_thread(next, stream, None)) is not None:
                yield piece

    def throughput_test(self) -> Throughput:
        """Measure the way to the board: registers, and memory in both directions."""
        with answered(self._name):
            return measure(self.accelerator, self.device)

    def close(self) -> None:
        """Give memory back; the bitstream stays loaded."""
        self._unload()
        self.free()

    def _unload(self) -> None:
        model, self._model = self._model, None
        if model is not None:
            model.close()
