"""Device memory: one array a region, one row a port."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from wingbeat.hw.control import REPORTED, ControlBlock
from wingbeat.hw.errors import DeviceError
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.hw.memory_map import MemoryMap, Region

Bytes = npt.NDArray[np.uint8]


class DeviceMemory:
    """Memory of a device that holds an image.

    Parameters
    ----------
    layout : the image's memory map
    ports : memory ports
    contents : uint8 (ports or 1, bytes) of regions that begin with data; used without a copy where
        the program may not write. Other regions begin as zeros that take no memory until written.
    """

    def __init__(self, layout: MemoryMap, ports: int, contents: Mapping[str, Bytes]) -> None:
        self.layout = layout
        self._regions = [region for region in layout.regions if region.beats]
        self._starts = [region.start for region in self._regions]
        self._data: list[Bytes] = []
        for region in self._regions:
            shape = (ports if region.striped else 1, region.bytes_per_port)
            given = contents.get(region.name)
            if given is None:
                self._data.append(np.zeros(shape, np.uint8))
                continue
            if given.shape != shape:
                raise DeviceError(
                    f"contents of region `{region.name}` must be {shape[0]} x {shape[1]} bytes, "
                    f"not {' x '.join(map(str, given.shape))}"
                )
            self._data.append(given.copy() if region.writable else given)

    def region(self, name: str) -> Bytes:
        """Return a whole region, uint8 (ports or 1, bytes)."""
        return self._data[self._regions.index(self.layout[name])]

    def written(self) -> dict[str, bytes]:
        """Return what programs may have written, by region: the same on every machine.

        What a machine itself reports in its control block, the time among it, is left out.
        """
        found = {
            region.name: data.copy()
            for region, data in zip(self._regions, self._data, strict=True)
            if region.writable
        }
        if "control" in found:
            words = found["control"].view(np.uint32)
            words[:, [ControlBlock.word(name) for name in REPORTED]] = 0
        return {name: data.tobytes() for name, data in found.items()}

    def _find(self, beat: int) -> tuple[Region, Bytes]:
        index = bisect_right(self._starts, beat) - 1
        if index >= 0 and beat < self._regions[index].stop:
            return self._regions[index], self._data[index]
        raise DeviceError(f"beat {beat:#x} is in no region of device memory")

    def stream(self, beat: int, beats: int) -> Bytes:
        """View `beats` beats of a region on every port that holds it: uint8 (ports, bytes)."""
        region, data = self._find(beat)
        if beat + beats > region.stop:
            raise DeviceError(
                f"beats {beat:#x} to {beat + beats:#x} reach outside region `{region.name}`"
            )
        start = (beat - region.start) * BEAT_BYTES
        return data[:, start : start + beats * BEAT_BYTES]

    def constant(self, beat: int) -> bool:
        """Whether no program can change what lies at a beat."""
        return not self._find(beat)[0].writable

    def words(self, word: int, count: int) -> npt.NDArray[np.uint32]:
        """View 32-bit words on port 0."""
        beat, offset = divmod(word, WORDS_PER_BEAT)
        beats = -(-(offset + count) // WORDS_PER_BEAT)
        words: npt.NDArray[np.uint32] = self.stream(beat, beats)[0].view(np.uint32)
        return words[offset : offset + count]
