"""Components with an AXI4 port, to try the memory model on."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from wingbeat.hw.rtl.bus.axi import Axi4, Axi4Read, Burst

ID_BITS = 4


def address_layout() -> data.StructLayout:
    return data.StructLayout({"address": 40, "words": 8, "id": ID_BITS})


class Channels(wiring.Component):
    """The five channels as streams, so that a test can be the manager.

    `read`, `write`: address, words - 1 and id of a burst. `data`: data, strobes, last.
    `words`: data, response, last, id. `answers`: response, id.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        bytes_ = width // 8
        super().__init__(
            {
                "port_0": Out(Axi4(width, ID_BITS)),
                "read": In(stream.Signature(address_layout())),
                "write": In(stream.Signature(address_layout())),
                "data": In(
                    stream.Signature(
                        data.StructLayout({"data": width, "strobes": bytes_, "last": 1})
                    )
                ),
                "words": Out(
                    stream.Signature(
                        data.StructLayout({"data": width, "response": 2, "last": 1, "id": ID_BITS})
                    )
                ),
                "answers": Out(stream.Signature(data.StructLayout({"response": 2, "id": ID_BITS}))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus = self.port_0
        for channel, source in ((bus.ar, self.read), (bus.aw, self.write)):
            m.d.comb += [
                channel.addr.eq(source.payload.address),
                channel.len.eq(source.payload.words),
                channel.id.eq(source.payload.id),
                channel.size.eq(exact_log2(self.width // 8)),
                channel.burst.eq(Burst.INCR),
                channel.valid.eq(source.valid),
                source.ready.eq(channel.ready),
            ]
        m.d.comb += [
            bus.w.data.eq(self.data.payload.data),
            bus.w.strb.eq(self.data.payload.strobes),
            bus.w.last.eq(self.data.payload.last),
            bus.w.valid.eq(self.data.valid),
            self.data.ready.eq(bus.w.ready),
            self.words.payload.data.eq(bus.r.data),
            self.words.payload.response.eq(bus.r.resp),
            self.words.payload.last.eq(bus.r.last),
            self.words.payload.id.eq(bus.r.id),
            self.words.valid.eq(bus.r.valid),
            bus.r.ready.eq(self.words.ready),
            self.answers.payload.response.eq(bus.b.resp),
            self.answers.payload.id.eq(bus.b.id),
            self.answers.valid.eq(bus.b.valid),
            bus.b.ready.eq(self.answers.ready),
        ]
        return m


class Faulty(wiring.Component):
    """The wires of an AXI4 port of 64 bits as they come, for breaches of the protocol."""

    wires: In(Axi4(64))
    port_0: Out(Axi4(64))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        wiring.connect(m, wiring.flipped(self.wires), wiring.flipped(self.port_0))
        return m


class Sum(wiring.Component):
    """Adds up the words of 64 bits that it reads on several ports, `bursts` bursts on each."""

    BURST = 16

    def __init__(self, ports: int) -> None:
        self.count = ports
        members = {f"port_{index}": Out(Axi4Read(64)) for index in range(ports)}
        super().__init__({**members, "bursts": In(24), "total": Out(64), "done": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        totals, finished = [], []
        for index in range(self.count):
            bus = getattr(self, f"port_{index}")
            asked, came, total = Signal(24), Signal(24), Signal(64)
            m.d.comb += [
                bus.ar.valid.eq(asked != self.bursts),
                bus.ar.addr.eq(asked << 7),
                bus.ar.len.eq(self.BURST - 1),
                bus.ar.size.eq(3),
                bus.ar.burst.eq(Burst.INCR),
                bus.r.ready.eq(1),
            ]
            m.d.sync += asked.eq(asked + (bus.ar.valid & bus.ar.ready))
            with m.If(bus.r.valid):
                m.d.sync += [total.eq(total + bus.r.data), came.eq(came + bus.r.last)]
            totals.append(total)
            finished.append(came == self.bursts)
        m.d.comb += self.total.eq(sum(totals))
        everything = Signal(self.count)
        for index, flag in enumerate(finished):
            m.d.comb += everything[index].eq(flag)
        m.d.comb += self.done.eq(everything.all())
        return m
