"""Cycle by cycle: streams in, streams out, AXI memories beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from wingbeat.sim.rtl.harness import Simulation


class Neighbour(Protocol):
    """What a component talks to."""

    def drive(self) -> None:
        """Set inputs of the component for this cycle."""

    def observe(self) -> None:
        """Look at its outputs before the clock steps."""


class Driver:
    """Runs a simulation together with its neighbours.

    Parameters
    ----------
    sim : the component
    memories : what answers its ports
    stall : probability that a stream pauses in a cycle
    """

    def __init__(
        self, sim: Simulation, memories: Sequence[Neighbour], stall: float = 0.3, seed: int = 1
    ) -> None:
        self.sim = sim
        self.memories = memories
        self.cycle = 0
        self.high: dict[str, int] = {}  # watched output to the cycles in which it was high
        self._rng = np.random.default_rng(seed)
        self._stall = stall
        sim.reset()

    def run(
        self,
        send: dict[str, list[int]],
        receive: dict[str, list[int]],
        done: Callable[[], bool],
        limit: int = 20_000,
    ) -> int:
        """Run until `done`, and return the cycles it took.

        Payloads are taken from the lists of `send` and appended to those of `receive`. `done` is
        asked in every cycle, when the outputs may be read.
        """
        sim, offered = self.sim, dict.fromkeys(send, False)
        for cycle in range(limit):
            for memory in self.memories:
                memory.drive()
            for name, queue in send.items():
                offered[name] = bool(queue) and (offered[name] or self._go())
                sim.set(f"{name}__valid", offered[name])
                if offered[name]:
                    sim.set(f"{name}__payload", queue[0])
            for name in receive:
                sim.set(f"{name}__ready", self._go())
            for name in self.high:
                self.high[name] += sim.get(name)
            finished = done()
            for name, queue in send.items():
                if offered[name] and sim.get(f"{name}__ready"):
                    queue.pop(0)
                    offered[name] = False
            for name, taken in receive.items():
                if sim.get(f"{name}__valid") and sim.get(f"{name}__ready"):
                    taken.append(sim.get(f"{name}__payload"))
            for memory in self.memories:
                memory.observe()
            sim.step()
            self.cycle += 1
            if finished:
                return cycle
        raise AssertionError(f"not done after {limit} cycles; left to send: {send}")

    def _go(self) -> bool:
        return bool(self._rng.random() >= self._stall)
