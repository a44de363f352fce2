"""Drive an Amaranth component, compiled by Verilator, in this process.

    sim = Simulation(Adder())
    out = sim.run({"a": [1, 2, 3], "b": numpy_array}, ["sum"], cycles=3 + Adder.LATENCY)
    assert out["sum"][Adder.LATENCY :] == ...

Ports
    are named as the signature is flattened, `__` between the parts: `command__payload`,
    `port__0__ar__valid`. Values are raw integers (a `data.View` as its bits), signed where the
    port's shape is signed. Ports that are constants (`ready` of an always-ready stream) are absent.

Timing of cycle t
    1. inputs of cycle t are set,
    2. everything combinational settles,
    3. outputs of cycle t are sampled,
    4. the clock rises: registers take what they saw.

    So an output that depends on an input without a register answers in the same row of `run`, and a
    pipeline of LATENCY registers answers `out[t + LATENCY]` to `in[t]`. `set` is step 1, `get` is
    steps 2 and 3 (any number of times), `step` is steps 2 and 4.

The initial state is that of `reset`. Everything is zero before the first `set`.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from wingbeat.hw.errors import DeviceError
from wingbeat.sim.rtl import verilog
from wingbeat.sim.rtl.memory import MemoryPort, signals
from wingbeat.sim.rtl.native_types import Stream, load, pointers
from wingbeat.sim.rtl.prepared import Model, built
from wingbeat.sim.rtl.values import Values, Words, to_array, to_int, to_words
from wingbeat.sim.rtl.verilate import Optimise
from wingbeat.sim.rtl.waves import WaveFormat, Waves


class SimulationError(Exception):
    """The component did not do what was waited for, or broke a stream's protocol."""


class Probe:
    """Events of a port (`Simulation.probe`)."""

    def __init__(self, simulation: Simulation, number: int) -> None:
        self._simulation = simulation
        self._number = number

    @property
    def events(self) -> npt.NDArray[np.uint64]:
        """Return the events so far, uint64 (events, 2): cycle, and the port's value in it."""
        return self._simulation.events(self._number)


class Simulation:
    """A component in simulation; the module's docstring has the timing.

    Parameters
    ----------
    component : `amaranth.lib.wiring.Component`, not elaborated elsewhere; or a model of one
    optimise : "compile" (fast build, for tests), "speed" (fast simulation) or "behaviour" (faster,
        without the gates of `hw.rtl.behaviour`)
    waves : format that `write_waves` is to write; a build of its own

    One simulation belongs to one thread at a time; other threads run meanwhile.
    """

    def __init__(
        self,
        component: verilog.Component | Model,
        optimise: Optimise = "compile",
        waves: WaveFormat | None = None,
    ) -> None:
        model = component if isinstance(component, Model) else built(component, optimise, waves)
        self.ports = model.ports
        self._index = {name: index for index, name in enumerate(self.ports)}
        self._library = load(model.library)
        self._model = self._library.model_create()
        self._memories: dict[str, MemoryPort] = {}

    def __del__(self) -> None:
        if hasattr(self, "_model"):
            self._library.model_destroy(self._model)

    def _input(self, name: str) -> verilog.Port:
        if name not in self.ports or not self.ports[name].is_input:
            inputs = [port.name for port in self.ports.values() if port.is_input]
            raise KeyError(f"no input `{name}`; there are {', '.join(inputs)}")
        return self.ports[name]

    def _output(self, name: str) -> verilog.Port:
        if name not in self.ports or self.ports[name].is_input:
            outputs = [port.name for port in self.ports.values() if not port.is_input]
            raise KeyError(f"no output `{name}`; there are {', '.join(outputs)}")
        return self.ports[name]

    def set(self, name: str, value: int) -> None:
        """Set an input; it keeps the value until it is set again."""
        words = to_words(self._input(name), value)
        self._library.model_set(self._model, self._index[name], words.ctypes.data)

    def get(self, name: str) -> int:
        """Return a port's value in the present cycle, with the inputs as they are set now."""
        words = np.zeros(self.ports[name].words, np.uint64)
        self._library.model_get(self._model, self._index[name], words.ctypes.data)
        return to_int(self.ports[name], words)

    def step(self, cycles: int = 1) -> None:
        """Let the clock rise `cycles` times."""
        self._library.model_step(self._model, cycles)
        self._check_memories()

    def reset(self) -> None:
        """Reset the component: one cycle with `rst` high. Inputs stay as they are."""
        self._library.model_reset(self._model)

    @property
    def cycle(self) -> int:
        """Number of the present cycle; the first is 0, and resets count."""
        cycle: int = self._library.model_cycle(self._model)
        return cycle

    def probe(self, name: str, pulses: int = 0, levels: int = 0) -> Probe:
        """Note events of the output `name`, at most 64 bits, from the present cycle on.

        A cycle has an event when a bit of `pulses` is 1, or when a bit of `levels` is not what it
        was a cycle before (0 before the first).
        """
        if self._output(name).words != 1:
            raise ValueError(f"`{name}` is wider than 64 bits")
        number = self._library.model_probe(self._model, self._index[name], pulses, levels)
        return Probe(self, number)

    def events(self, number: int) -> npt.NDArray[np.uint64]:
        """Return the events of a probe; see `Probe.events`."""
        first = ctypes.c_void_p()
        count = self._library.model_events(self._model, number, ctypes.byref(first))
        if not count:
            return np.zeros((0, 2), np.uint64)
        size = count * 2 * ctypes.sizeof(ctypes.c_uint64)
        data = ctypes.string_at(first.value or 0, size)
        return np.frombuffer(data, np.uint64).reshape(-1, 2)

    def write_waves(self, waves: Waves, gate: str | None = None) -> None:
        """Write all signals in a window of cycles; they count while bit 0 of `gate` is 1.

        Raises
        ------
        DeviceError
            If the file cannot be written.
        """
        port = -1 if gate is None else self._index[self._output(gate).name]
        path = os.fsencode(waves.path)
        if not self._library.model_waves(self._model, path, port, waves.begin, waves.cycles):
            raise DeviceError(f"waves `{waves.path}` must be writable, by a model built for waves")

    def end_waves(self) -> None:
        """Close the file of waves, if there is one."""
        self._library.model_end_waves(self._model)

    def attach(self, name: str, memory: MemoryPort) -> None:
        """Let `memory` answer the AXI4 port `name` (`port_0` for `port_0__ar__valid` ...).

        It sets the port's inputs from now on. The port may be the read or the write half alone.

        Raises
        ------
        ValueError
            If another memory answers it already.
        """
        if name in self._memories:
            raise ValueError(f"port `{name}` must be attached to one memory, not to two")
        indices = signals(name, self._index)
        self._memories[name] = memory
        self._library.model_attach(self._model, indices.ctypes.data, ctypes.byref(memory.shared))

    def _check_memories(self) -> None:
        for name, memory in self._memories.items():
            if memory.violation:
                raise SimulationError(f"`{name}`: {memory.violation}")

    def run_until(self, name: str, limit: int) -> int:
        """Step until the 1-bit output `name` is high, and return the cycles that took.

        The output is still high (in the present cycle) on return. Raises SimulationError when it
        is not within `limit` cycles.
        """
        if self._output(name).width != 1:
            raise ValueError(f"`{name}` is not of one bit")
        cycles: int = self._library.model_run_until(self._model, self._index[name], limit)
        self._check_memories()
        if cycles > limit:
            raise SimulationError(f"`{name}` stayed low for {limit} cycles")
        return cycles

    def run(
        self, inputs: Mapping[str, Values], outputs: Sequence[str], cycles: int | None = None
    ) -> dict[str, npt.NDArray[Any]]:
        """Drive one row of each input a cycle, and return one row of each output a cycle.

        Parameters
        ----------
        inputs : port to values, see `values.to_words`. An integer holds for all cycles, and so does
            the last row of one that is shorter than `cycles`. Inputs not named keep their value.
        outputs : ports to record
        cycles : how many; as many as the longest input if not given

        Returns
        -------
        port to array: (cycles,) uint64 or int64 for ports of at most 64 bits, otherwise
        (cycles, words) uint64, low word first (`.view(np.uint32)` etc. finds lanes in it)
        """
        rows = {name: to_words(self._input(name), value) for name, value in inputs.items()}
        if cycles is None:
            cycles = max(len(words) for words in rows.values())
        results = {
            name: np.zeros((cycles, self._output(name).words), np.uint64) for name in outputs
        }
        lengths = (ctypes.c_uint64 * len(rows))(*[len(words) for words in rows.values()])
        self._library.model_run(
            self._model,
            cycles,
            len(rows),
            self._indices(rows),
            lengths,
            pointers(rows.values()),
            len(results),
            self._indices(results),
            pointers(results.values()),
        )
        self._check_memories()
        return {name: to_array(self.ports[name], words) for name, words in results.items()}

    def _indices(self, names: Mapping[str, Words]) -> ctypes.Array[ctypes.c_int]:
        return (ctypes.c_int * len(names))(*[self._index[name] for name in names])

    def stream(
        self,
        inputs: Mapping[str, Values],
        outputs: Mapping[str, int],
        *,
        stall: float | Mapping[str, float] = 0.0,
        seed: int = 1,
        limit: int = 1_000_000,
        quiet: int = 0,
    ) -> dict[str, npt.NDArray[Any]]:
        """Feed streams and collect others until all that was asked for has been transferred.

        Parameters
        ----------
        inputs : stream (name of the interface: `a` for `a__payload`, `a__valid`, `a__ready`) to the
            payloads to feed, as in `run`. While a stream offers nothing its payload is random.
        outputs : stream to the number of payloads to collect
        stall : probability that a side pauses in a cycle: an input does not offer its next payload,
            an output is not ready. One for all, or by stream. An offer stands until it is taken.
        limit : cycles after which SimulationError is raised
        quiet : cycles after the end in which no output may offer more

        Returns
        -------
        output stream to payloads, as in `run`; `cycles` is the number of cycles it took, `quiet`
        included

        An output stream that withdraws or changes an offer raises SimulationError.
        """
        rows = {
            name: to_words(self._input(f"{name}__payload"), value) for name, value in inputs.items()
        }
        results = {
            name: np.zeros((count, self._output(f"{name}__payload").words), np.uint64)
            for name, count in outputs.items()
        }
        ins = self._streams(rows, stall)
        outs = self._streams(results, stall)
        cycles = self._library.model_stream(
            self._model, len(ins), ins, len(outs), outs, limit, quiet, seed
        )
        self._check_memories()
        if cycles == -1:
            made = {name: s.done for name, s in zip([*rows, *results], [*ins, *outs], strict=True)}
            raise SimulationError(f"unfinished after {limit} cycles; transfers made: {made}")
        if cycles <= -100:
            raise SimulationError(f"`{list(results)[-100 - cycles]}` offers more than was expected")
        if cycles < 0:
            name = list(results)[-2 - cycles]
            raise SimulationError(f"`{name}` changed an offer that had not been taken")
        arrays = {
            name: to_array(self.ports[f"{name}__payload"], words) for name, words in results.items()
        }
        return {**arrays, "cycles": np.array(cycles)}

    def _streams(
        self, rows: Mapping[str, Words], stall: float | Mapping[str, float]
    ) -> ctypes.Array[Stream]:
        streams = (Stream * len(rows))()
        for stream, (name, words) in zip(streams, rows.items(), strict=True):
            chance = stall.get(name, 0.0) if isinstance(stall, Mapping) else stall
            stream.payload = self._index[f"{name}__payload"]
            stream.valid = self._index.get(f"{name}__valid", -1)
            stream.ready = self._index.get(f"{name}__ready", -1)
            stream.stall = int(chance * 2**32)
            stream.count = len(words)
            stream.data = words.ctypes.data
        return streams
