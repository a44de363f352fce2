"""ST with its write engine."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.rtl.bus.axi import Axi4Write
from wingbeat.hw.rtl.bus.write_engine import WriteEngine
from wingbeat.hw.rtl.transfer.store import StoreUnit


class WritingStore(wiring.Component):
    """`StoreUnit` with the write halves of all ports (`writes`) instead of a stream of beats."""

    def __init__(self, config: AcceleratorConfig) -> None:
        self._store = StoreUnit(config)
        self._writer = WriteEngine(config.port_bits, config.ports)
        members = dict(self._store.signature.members)
        for name in ("beats", "written", "write_error"):
            del members[name]
        writes = Out(Axi4Write(config.port_bits)).array(config.ports)
        super().__init__({**members, "writes": writes})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.store = store = self._store
        m.submodules.writer = writer = self._writer
        wiring.connect(m, store.beats, writer.beats)
        m.d.comb += [store.written.eq(writer.idle), store.write_error.eq(writer.error)]
        for ours, theirs in zip(self.writes, writer.bus, strict=True):
            wiring.connect(m, wiring.flipped(ours), theirs)
        for name, member in self.signature.members.items():
            if name == "writes":
                continue
            ours, theirs = getattr(self, name), getattr(store, name)
            if member.is_signature:
                wiring.connect(m, wiring.flipped(ours), theirs)
            elif member.flow is Out:
                m.d.comb += ours.eq(theirs)
        return m
