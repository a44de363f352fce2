"""What a memory port is made of, joined."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Value

from wingbeat.hw.config import BEAT_BITS


def drive(m: Module, port: Any, reads: Any, writes: Any, base: Value) -> None:
    """Join a port with who reads and who writes; all addresses are those of `base` and up.

    Parameters
    ----------
    port : `Axi4`
    reads, writes : `Axi4Read`, `Axi4Write` of the same width; ids where they have any
    base : byte address of what they call 0
    """
    for name, source in (("ar", reads), ("aw", writes), ("w", writes)):
        channel, ours = getattr(port, name), getattr(source, name)
        for field in channel.signature.members:
            if field == "ready":
                m.d.comb += ours.ready.eq(channel.ready)
            elif field == "addr":
                m.d.comb += channel.addr.eq(ours.addr + base)
            elif field != "id" or "id" in ours.signature.members:
                m.d.comb += getattr(channel, field).eq(getattr(ours, field))
    for name, source in (("r", reads), ("b", writes)):
        channel, ours = getattr(port, name), getattr(source, name)
        for field in ours.signature.members:
            if field == "ready":
                m.d.comb += channel.ready.eq(ours.ready)
            else:
                m.d.comb += getattr(ours, field).eq(getattr(channel, field))


def beats_moved(port: Any) -> Value:
    """Return how many beats a port moves in this cycle, in both directions."""
    read, written = port.r.valid & port.r.ready, port.w.valid & port.w.ready
    return (read + written) * max(1, len(port.r.data) // BEAT_BITS)
