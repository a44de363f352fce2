"""The on-chip memories' ports, as their neighbours see them."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

from wingbeat.hw.rtl.memory.ports import ENTRY, READ_LATENCY
from wingbeat.sim.isa.scratchpads import OperandMemory, VectorMemory
from wingbeat.sim.rtl.harness import Simulation


class VectorWriter:
    """The vector memory's write port for LD.

    Parameters
    ----------
    words : uint32, written in place
    """

    def __init__(self, sim: Simulation, words: npt.NDArray[np.uint32], stall: float) -> None:
        self._sim, self._words, self._stall = sim, words, stall
        self._rng = np.random.default_rng(7)

    def drive(self) -> None:
        self._sim.set("write__ready", self._rng.random() >= self._stall)

    def observe(self) -> None:
        sim = self._sim
        if not (sim.get("write__valid") and sim.get("write__ready")):
            return
        start, enable, words = (sim.get(f"write__{n}") for n in ("quad", "enable", "words"))
        for word in range(enable.bit_length()):
            if enable >> word & 1:
                self._words[4 * start + word] = words >> 32 * word & 0xFFFFFFFF


class Reader:
    """A read port of ST: data `READ_LATENCY` cycles after the address, garbage otherwise.

    Parameters
    ----------
    prefix : name of the port
    contents : what lies at each address, as bits
    """

    def __init__(
        self, sim: Simulation, prefix: str, contents: list[int], bits: int, stall: float
    ) -> None:
        self._sim, self._prefix, self._contents, self._stall = sim, prefix, contents, stall
        self._bits = bits
        self._rng = np.random.default_rng(8)
        self._under_way: deque[int | None] = deque([None] * READ_LATENCY)

    def drive(self) -> None:
        self._sim.set(f"{self._prefix}__ready", self._rng.random() >= self._stall)
        address = self._under_way.popleft()
        garbage = int.from_bytes(self._rng.bytes(self._bits // 8), "little")
        data = garbage if address is None else self._contents[address]
        self._sim.set(f"{self._prefix}__data", data)

    def observe(self) -> None:
        sim, prefix = self._sim, self._prefix
        accepted = sim.get(f"{prefix}__valid") and sim.get(f"{prefix}__ready")
        self._under_way.append(sim.get(f"{prefix}__address") if accepted else None)


def steps(vectors: VectorMemory, lanes: int) -> list[int]:
    """The vector memory as the contents of a `Reader`."""
    return [int.from_bytes(step.tobytes(), "little") for step in vectors.words.reshape(-1, lanes)]


def entries(operands: OperandMemory) -> list[int]:
    """The operand memory as the contents of a `Reader`."""
    everything: Any = operands._contents
    return [
        int(
            ENTRY.const({"codes": codes.tolist(), "scale": int(scale), "sum": int(total)}).as_bits()
        )
        for codes, scale, total in zip(
            everything.codes, everything.scales.view(np.uint32), everything.sums, strict=True
        )
    ]
