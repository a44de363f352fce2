"""What properties are written with: a unit whose inputs are free, and the stream rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from amaranth.hdl import (
    Assert,
    Assume,
    Cat,
    Cover,
    Elaboratable,
    Module,
    Mux,
    ResetSignal,
    Signal,
    Value,
)
from amaranth.lib import wiring


class Property(Elaboratable):
    """A unit with rules beside it. The prover chooses all inputs of the unit, in every cycle.

    A subclass overrides `rules`. The unit begins as after a reset, and is not reset again.

    Parameters
    ----------
    unit : the component
    """

    def __init__(self, unit: Any) -> None:
        self.unit = unit
        self.chosen = [
            Value.cast(value)
            for _, member, value in unit.signature.flatten(unit)
            if member.flow == wiring.In
        ]

    def choose(self, shape: Any, name: str) -> Signal:
        """Return a signal that has any value, another one in every cycle. For `__init__`."""
        signal = Signal(shape, name=name)
        self.chosen.append(signal)
        return signal

    def elaborate(self, platform: object) -> Module:
        """Put the rules beside the unit."""
        m = Module()
        m.submodules.unit = self.unit
        m.d.comb += Assume(~ResetSignal())
        self.rules(m)
        return m

    def rules(self, m: Module) -> None:
        """Assume what the neighbours keep to, and assert what the unit does."""
        raise NotImplementedError


def forever(m: Module, value: Signal, name: str) -> Value:
    """Return the value that a chosen signal has in the first cycle."""
    begun, first = Signal(name=f"{name}_begun"), Signal.like(value, name=f"{name}_first")
    m.d.sync += begun.eq(1)
    with m.If(~begun):
        m.d.sync += first.eq(value)
    return Mux(begun, first, value)


@dataclass(frozen=True)
class Handshake:
    """Wires with `valid` and `ready`: a stream, or a channel of a bus."""

    name: str
    sent: bool  # by the unit
    valid: Any
    ready: Any
    payload: Value


def handshakes(unit: Any) -> Iterator[Handshake]:
    """Find all handshakes among the ports of a component."""
    groups: dict[tuple[Any, ...], dict[str, tuple[Any, Any]]] = {}
    for path, member, value in unit.signature.flatten(unit):
        groups.setdefault(path[:-1], {})[str(path[-1])] = (member, value)
    for path, wires in groups.items():
        if {"valid", "ready"} <= wires.keys():
            yield Handshake(
                "_".join(map(str, path)),
                wires["valid"][0].flow == wiring.Out,
                wires["valid"][1],
                wires["ready"][1],
                Cat(Value.cast(v) for n, (_, v) in wires.items() if n not in ("valid", "ready")),
            )


def hold(m: Module, handshake: Handshake) -> Signal:
    """State the stream rule: an offer stands, unchanged, until it is taken.

    Returns whether an offer waits, which was made before.
    """
    waits = Signal(name=f"{handshake.name}_waits")
    offered = Signal.like(handshake.payload, name=f"{handshake.name}_offered")
    kept = Signal(name=f"{handshake.name}_kept")
    m.d.sync += [
        waits.eq(handshake.valid & ~handshake.ready),
        offered.eq(handshake.payload),
    ]
    m.d.comb += kept.eq(~waits | (handshake.valid & (handshake.payload == offered)))
    if handshake.sent:
        m.d.comb += Assert(kept)
    else:
        m.d.comb += Assume(kept)
    return waits


class Streams(Property):
    """All outputs keep to the stream rule if all inputs do.

    Parameters
    ----------
    waits : whether an offer of the unit can wait at all
    """

    def __init__(self, unit: Any, waits: bool = True) -> None:
        super().__init__(unit)
        self._waits = waits

    def rules(self, m: Module) -> None:
        """One rule a handshake."""
        for handshake in handshakes(self.unit):
            waited = hold(m, handshake)
            if handshake.sent:
                m.d.comb += Cover(handshake.valid & handshake.ready & (waited | (not self._waits)))
