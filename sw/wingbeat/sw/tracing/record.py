"""Record what a simulated device does for a text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wingbeat.compiler.image import Image
from wingbeat.hw.errors import DeviceError
from wingbeat.sim.counters import Counters
from wingbeat.sim.rtl.memory import Timing
from wingbeat.sim.rtl.waves import Waves
from wingbeat.sim.trace import Recording
from wingbeat.sw.device.isa import IsaDevice
from wingbeat.sw.device.rtl import RtlDevice
from wingbeat.sw.llm import LLM
from wingbeat.sw.tracing.bandwidth import Window, estimated, measured
from wingbeat.sw.tracing.chrome import Event, Timeline
from wingbeat.sw.tracing.replay import Step, replay


def traceable(name: str, latency: int, waves: Waves | None = None) -> IsaDevice | RtlDevice:
    """Open a device that can be recorded.

    Parameters
    ----------
    name : `isa`, whose cycles are those of the cycle model, or `rtl`
    latency : of the memory of `rtl`, cycles
    waves : that `rtl` is to write

    Raises
    ------
    DeviceError
        If the device is none of these.
    """
    if name == "isa" and waves is not None:
        raise DeviceError("device must be rtl for waves, not `isa`")
    if name == "isa":
        return IsaDevice()
    if name == "rtl":
        return RtlDevice(Timing(read_latency=latency, write_latency=latency), waves)
    raise DeviceError(f"device must be isa or rtl for a trace, not `{name}`")


@dataclass(frozen=True)
class Recorded:
    """A text, and what a device did for it.

    Attributes
    ----------
    image : that the device ran
    text : that it generated
    recording : of all runs
    counters : performance counters; those of `isa` follow from the cycle model
    """

    image: Image
    text: str
    recording: Recording
    counters: Counters

    def steps(self) -> list[Step]:
        """Return every instruction, run by run in program order."""
        program, config = self.image.program, self.image.manifest.config
        return [step for run in self.recording.runs for step in replay(run, program, config)]

    def windows(self, steps: list[Step]) -> list[Window]:
        """Return the use of the memory ports; where they are not modelled, an estimate."""
        config = self.image.manifest.config
        if self.recording.traffic:
            return measured(self.recording.traffic, config)
        return estimated(steps, self.counters.cycles, config)

    def timeline(self) -> Event:
        """Return the timeline in Chrome's trace format."""
        manifest, steps = self.image.manifest, self.steps()
        timeline = Timeline(manifest.config, manifest.program.purposes)
        return timeline.document(self.recording, steps, self.windows(steps))


def record_text(
    image: Image,
    device: IsaDevice | RtlDevice,
    prompt: str,
    max_tokens: int,
    follow: Callable[[str], None] = lambda part: None,
) -> Recorded:
    """Generate a text and record the device.

    Parameters
    ----------
    image : to run
    device : of `traceable`
    prompt : text to go on from
    max_tokens : tokens to generate, at most
    follow : called with each part of the text
    """
    with LLM(image, device) as llm:
        device.record()
        parts = []
        for part in llm.stream(prompt, max_tokens=max_tokens):
            parts.append(part)
            follow(part)
        recording = device.recording
        counters = device.counters if isinstance(device, RtlDevice) else recording.counters
        return Recorded(image, "".join(parts), recording, counters)
