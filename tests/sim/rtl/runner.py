"""Compiled models on the RTL, driven as `tests.sim.runner` drives the ISA machine."""

from tests.sim.runner import Runner

from wingbeat.compiler.image import Image
from wingbeat.hw.register_map import WATCHDOG
from wingbeat.sim.rtl.machine import RtlMachine
from wingbeat.sim.rtl.memory import Timing
from wingbeat.sim.rtl.verilate import Optimise


class RtlRunner(Runner):
    """One accelerator in Verilator with an image in its memory."""

    def __init__(
        self,
        image: Image,
        timing: Timing | None = None,
        optimise: Optimise = "compile",
        watchdog: int = WATCHDOG,
    ) -> None:
        super().__init__(image)
        config = image.manifest.config
        self.rtl = RtlMachine(
            config, image.program, self.memory, timing, optimise, watchdog=watchdog
        )
        self.machine = self.rtl  # type: ignore[assignment]  # it is run in the same way
