"""The generated accelerator in Verilator as a device."""

from __future__ import annotations

from collections.abc import Mapping

from wingbeat.compiler.image import Image
from wingbeat.hw.control import State
from wingbeat.sim.counters import Counters
from wingbeat.sim.rtl.memory import Timing
from wingbeat.sim.rtl.verilate import Optimise
from wingbeat.sim.rtl.waves import Waves
from wingbeat.sim.trace import Recording
from wingbeat.sw.device.admission import check_image, host_memory
from wingbeat.sw.device.protocol import Loading, silently
from wingbeat.sw.driver.device import DriverDevice
from wingbeat.sw.driver.rtl import RtlTransport


class RtlDevice(DriverDevice):
    """The machine that an image was compiled for, cycle by cycle, under the driver of a board.

    It is generated and compiled when an image is loaded, unless the cache has it already.

    Parameters
    ----------
    timing : of its memory ports; by default, they never make it wait
    waves : to be written; the file is complete when the device is closed
    optimise : "behaviour" computes in the lanes as `wingbeat.hw.rtl.behaviour` does, several times
        as fast; the others simulate every gate
    """

    def __init__(
        self,
        timing: Timing | None = None,
        waves: Waves | None = None,
        optimise: Optimise = "behaviour",
    ) -> None:
        # whole models are not what waves are written of, and every gate is wanted: a quick build
        self._socket = RtlTransport(timing, optimise if waves is None else "compile", waves)
        self._finished = Counters.none(0)
        super().__init__(self._socket)

    @property
    def counters(self) -> Counters:
        """Performance counters since the image was loaded; the device must be idle."""
        return self._finished + self._socket.chip.counters

    def record(self) -> None:
        """Note what every instruction does from the next start on; see `Chip.record`."""
        self._socket.chip.record()

    @property
    def recording(self) -> Recording:
        """What has been noted since `record`."""
        return self._socket.chip.recording

    def load(self, image: Image, progress: Loading = silently) -> None:
        """Take an image; see `Device.load`."""
        config = image.manifest.config
        check_image(image, self.name, config, host_memory())
        self.unload()
        self._socket.plug(image)
        self._finished = Counters.none(config.ports)
        super().load(image, progress)

    def start(self, arguments: Mapping[str, int]) -> None:
        """Begin a run; it goes on while `advance` is called."""
        counters = self.counters
        super().start(arguments)
        self._finished = counters
        self._socket.chip.record_start(arguments)

    def advance(self, deadline: float) -> State:
        """Simulate up to the next news or the deadline."""
        running = self.running
        state = super().advance(deadline)
        if running and state is State.FAILED:
            self._socket.chip.record_failure()
        return state
