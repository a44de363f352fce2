"""A board without a board: the accelerator in Verilator beside one memory, running by itself.

What a server that stands for real hardware drives. A thread of its own owns the simulation: it lets
time pass while a program runs, and between two slices of cycles it does what other threads ask for.
Memory is as free for all as it is on a board: who reads while the machine writes sees either.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

import numpy as np
import numpy.typing as npt

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.errors import DeviceError
from wingbeat.sim.rtl.chip import Chip
from wingbeat.sim.rtl.harness import SimulationError
from wingbeat.sim.rtl.memory import MemoryPort, Timing
from wingbeat.sim.rtl.verilate import Optimise

Bytes = npt.NDArray[np.uint8]

SLICE = 256
"""Cycles between two looks at what is asked for: about a millisecond."""

SETTLING = 16
"""Slices that pass without a program: what the last one has reported is still on its way then."""

PATIENCE = 10.0
"""Seconds within which a register must answer."""


class SimulatedBoard:
    """Registers and memory of one accelerator; every method may be called by any thread.

    Parameters
    ----------
    config : the machine
    memory_bytes : of its memory, which all its ports see; what is not written takes no room
    memory_start : address of the first byte
    timing : of every port
    optimise : see `Chip`
    """

    def __init__(
        self,
        config: AcceleratorConfig,
        memory_bytes: int,
        memory_start: int = 0,
        timing: Timing | None = None,
        optimise: Optimise = "behaviour",
    ) -> None:
        self.config = config
        self.memory_start = memory_start
        self.memory: Bytes = np.zeros(memory_bytes, np.uint8)
        self.ports = [MemoryPort({memory_start: self.memory}, timing) for _ in range(config.ports)]
        self._chip = Chip(config, self.ports, optimise)
        self._asked: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None]
        self._asked = queue.SimpleQueue()
        self._broken: SimulationError | None = None
        self._thread = threading.Thread(target=self._live, name="accelerator", daemon=True)
        self._thread.start()

    def __enter__(self) -> SimulatedBoard:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read_register(self, offset: int) -> int:
        """Read the register at a byte offset.

        Raises
        ------
        DeviceError
            If the board is closed, or does not answer.
        """
        return int(self._ask(lambda: self._chip.read_register(offset)))

    def write_register(self, offset: int, value: int) -> None:
        """Write the register at a byte offset; see `read_register`."""
        self._ask(lambda: self._chip.write_register(offset, value))

    def read_memory(self, address: int, count: int) -> Bytes:
        """Return a copy of `count` bytes; DeviceError if there are none."""
        return self._view(address, count).copy()

    def write_memory(self, address: int, data: bytes | Bytes) -> None:
        """Write bytes; DeviceError if there is no memory."""
        values = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data
        self._view(address, len(values))[:] = values

    def reset(self) -> None:
        """Reset the accelerator; memory stays as it is."""
        self._ask(self._chip.reset)

    def close(self) -> None:
        """Stop; a second call does nothing."""
        self._asked.put(None)
        self._thread.join(PATIENCE)

    def _view(self, address: int, count: int) -> Bytes:
        first = address - self.memory_start
        if not 0 <= first <= first + count <= len(self.memory):
            raise DeviceError(
                f"bytes {address:#x} to {address + count:#x} must lie in device memory "
                f"{self.memory_start:#x} to {self.memory_start + len(self.memory):#x}"
            )
        return self.memory[first : first + count]

    def _ask(self, what: Callable[[], Any]) -> Any:
        if not self._thread.is_alive():
            raise DeviceError("a board must be open for an access to its registers")
        if self._broken is not None:
            raise DeviceError(
                f"the accelerator must keep to the rules of its buses: {self._broken}"
            )
        answer: Future[Any] = Future()
        self._asked.put((what, answer))
        try:
            return answer.result(PATIENCE)
        except FutureTimeout:
            raise DeviceError(f"the board must answer within {PATIENCE:g} s") from None

    def _live(self) -> None:
        """Do what is asked for, and let time pass while anything can happen."""
        left = 0  # slices
        while True:
            try:
                asked = self._asked.get(block=not left)
            except queue.Empty:
                left = self._pass_time(left)
                continue
            if asked is None:
                return
            what, answer = asked
            try:
                answer.set_result(what())
                left = SETTLING
            except Exception as error:
                answer.set_exception(error)

    def _pass_time(self, left: int) -> int:
        """Run for a slice of cycles; return in how many more something can happen."""
        try:
            self._chip.step(SLICE)
        except SimulationError as error:
            # the accelerator broke a bus's rules: nothing that it does from now on means anything
            self._broken = error
            return 0
        return SETTLING if self._chip.running else left - 1
