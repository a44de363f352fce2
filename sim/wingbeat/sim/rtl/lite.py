"""A host on an AXI4-Lite port of a simulated component: one transfer at a time."""

from __future__ import annotations

from wingbeat.sim.rtl.harness import Simulation, SimulationError

DEADLINE = 1000
"""Cycles within which a transfer must be answered."""


class LiteHost:
    """Reads and writes registers.

    Parameters
    ----------
    simulation : the component
    name : of its port
    """

    def __init__(self, simulation: Simulation, name: str) -> None:
        self._simulation = simulation
        self._name = name

    def write(self, offset: int, value: int) -> None:
        """Write one word."""
        sim = self._simulation
        self._set("aw__addr", offset)
        self._set("w__data", value & 0xFFFFFFFF)
        self._set("w__strb", 0xF)
        waiting = {"aw", "w"}
        for channel in waiting:
            self._set(f"{channel}__valid", 1)
        self._set("b__ready", 1)
        for _ in range(DEADLINE):
            taken = {channel for channel in waiting if self._get(f"{channel}__ready")}
            answered = self._get("b__valid")
            sim.step()
            for channel in taken:
                self._set(f"{channel}__valid", 0)
            waiting -= taken
            if answered and not waiting:
                self._set("b__ready", 0)
                return
        raise SimulationError(f"`{self._name}`: a write to {offset:#x} was not answered")

    def read(self, offset: int) -> int:
        """Read one word."""
        sim = self._simulation
        self._set("ar__addr", offset)
        self._set("ar__valid", 1)
        self._set("r__ready", 1)
        asked = False
        for _ in range(DEADLINE):
            asked = asked or bool(self._get("ar__ready"))
            answered = self._get("r__valid")
            value = self._get("r__data")
            sim.step()
            if asked:
                self._set("ar__valid", 0)
            if answered:
                self._set("r__ready", 0)
                return value
        raise SimulationError(f"`{self._name}`: a read of {offset:#x} was not answered")

    def _set(self, signal: str, value: int) -> None:
        self._simulation.set(f"{self._name}__{signal}", value)

    def _get(self, signal: str) -> int:
        return self._simulation.get(f"{self._name}__{signal}")
