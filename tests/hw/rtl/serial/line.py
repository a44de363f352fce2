"""A bridge in simulation: bytes go in and come out, the words of its buses are served."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from wingbeat.hw.rtl.serial.bridge import Bridge
from wingbeat.sim.rtl.harness import Simulation
from wingbeat.sim.rtl.memory import MemoryPort

GAP = 512
MEMORY_UNITS = 40
_CHUNK = 256
_OUTPUTS = ("bytes__valid", "bytes__payload", "reset")


class Line:
    """What a host at the other end sees.

    Parameters
    ----------
    memory : what the bridge's memory port reaches
    read, write : serve a register at an offset
    reset : called when the accelerator is to be reset
    """

    def __init__(
        self,
        memory: MemoryPort,
        read: Callable[[int], int],
        write: Callable[[int, int], None],
        reset: Callable[[], None] = lambda: None,
    ) -> None:
        self._sim = Simulation(Bridge(GAP, MEMORY_UNITS))
        self._sim.attach("ram", memory)
        self._read, self._write, self._reset = read, write, reset
        self._sim.set("bytes__ready", 1)
        self.silence(3)

    def send(self, message: bytes) -> bytes:
        """Send bytes, and return what came back while they were."""
        cycles = 2 * len(message)
        bytes_ = np.repeat(np.frombuffer(message, np.uint8), 2)
        return self._run(cycles, {"byte": bytes_, "strobe": np.arange(cycles) % 2 == 0})

    def silence(self, chunks: int = 1) -> bytes:
        """Let time pass, and return what came back."""
        return b"".join(self._run(_CHUNK, {"strobe": np.zeros(_CHUNK)}) for _ in range(chunks))

    def ask(self, message: bytes) -> bytes:
        """Send a request, and return the answer: all that comes before a silence."""
        answer = self.send(message)
        for _ in range(100):
            more = self.silence()
            answer += more
            if answer and not more:
                return answer
        return answer

    def _run(self, cycles: int, inputs: dict[str, npt.NDArray[np.generic]]) -> bytes:
        rows = {name: values.astype(np.uint64) for name, values in inputs.items()}
        found = self._sim.run(rows, _OUTPUTS, cycles)
        self._sim.set("strobe", 0)
        sent = _sent(found)
        if found["reset"].any():
            self._reset()
        return sent + self._serve()

    def _serve(self) -> bytes:
        """Answer the registers' bus; it waits for that however long it takes."""
        sent = b""
        while True:
            if self._get("ar__valid"):
                value = self._read(self._get("ar__addr"))
                sent += self._hand_over(("ar",), {"r__data": value}, "r")
            elif self._get("aw__valid"):
                self._write(self._get("aw__addr"), self._get("w__data"))
                sent += self._hand_over(("aw", "w"), {}, "b")
            else:
                return sent

    def _hand_over(self, taken: tuple[str, ...], values: dict[str, int], answer: str) -> bytes:
        """Take an access, and answer it a cycle later; then let the bridge go on."""
        for channel in taken:
            self._sim.set(f"control__{channel}__ready", 1)
        self._sim.step()
        for channel in taken:
            self._sim.set(f"control__{channel}__ready", 0)
        for name, value in values.items():
            self._sim.set(f"control__{name}", value)
        self._sim.set(f"control__{answer}__valid", 1)
        self._sim.step()
        self._sim.set(f"control__{answer}__valid", 0)
        # the next word, or the answer's bytes: one a cycle
        found = self._sim.run({"strobe": 0}, _OUTPUTS, 8)
        return _sent(found)

    def _get(self, name: str) -> int:
        return self._sim.get(f"control__{name}")


def _sent(found: dict[str, npt.NDArray[Any]]) -> bytes:
    return bytes(found["bytes__payload"][found["bytes__valid"] == 1].tolist())
