"""Small components to try the harness on."""

from amaranth.hdl import Const, Module, Signal, signed
from amaranth.lib import data, fifo, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out


class Counter(wiring.Component):
    enable: In(1)
    value: Out(8)
    full: Out(1)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        with m.If(self.enable):
            m.d.sync += self.value.eq(self.value + 1)
        m.d.comb += self.full.eq(self.value == 255)
        return m


PAIR = data.StructLayout({"x": signed(20), "y": signed(20)})


class Pipeline(wiring.Component):
    """difference = x - y of the cycle before; wide = ~wide three cycles before; echo at once."""

    LATENCY = 3

    pair: In(PAIR)
    difference: Out(signed(21))
    wide: In(1000)
    inverted: Out(1000)
    byte: In(8)
    echo: Out(8)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.sync += self.difference.eq(self.pair.x - self.pair.y)
        stage = self.wide
        for index in range(self.LATENCY - 1):
            register = Signal(1000, name=f"stage_{index}", reset_less=True)
            m.d.sync += register.eq(stage)
            stage = register
        m.d.sync += self.inverted.eq(~stage)
        m.d.comb += self.echo.eq(self.byte)
        return m


class Queue(wiring.Component):
    """A FIFO between two streams."""

    def __init__(self, width: int, depth: int) -> None:
        self.width, self.depth = width, depth
        super().__init__(
            {
                "source": In(stream.Signature(width)),
                "sink": Out(stream.Signature(width)),
                "level": Out(range(depth + 1)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.fifo = queue = fifo.SyncFIFO(width=self.width, depth=self.depth)
        m.d.comb += [
            queue.w_data.eq(self.source.payload),
            queue.w_en.eq(self.source.valid),
            self.source.ready.eq(queue.w_rdy),
            self.sink.payload.eq(queue.r_data),
            self.sink.valid.eq(queue.r_rdy),
            queue.r_en.eq(self.sink.ready),
            self.level.eq(queue.level),
        ]
        return m


class Inverter(wiring.Component):
    """No state, so no clock."""

    byte: In(8)
    inverse: Out(8)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.inverse.eq(~self.byte)
        return m


class Unsteady(wiring.Component):
    """A stream that does not leave an offer as it is until it is taken."""

    sink: Out(stream.Signature(8))

    def __init__(self, fault: str) -> None:
        self.fault = fault
        super().__init__()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        count = Signal(8)
        m.d.sync += count.eq(count + 1)
        if self.fault == "withdraw":
            m.d.comb += self.sink.valid.eq(count[0])
        else:
            m.d.comb += [self.sink.valid.eq(1), self.sink.payload.eq(count)]
        return m


class Storage(wiring.Component):
    """A memory of 64 words with one write and one read port."""

    write: In(1)
    write_address: In(6)
    write_data: In(32)
    read_address: In(6)
    read_data: Out(32)

    def __init__(self, contents: list[int]) -> None:
        self.contents = contents
        super().__init__()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = store = Memory(shape=32, depth=64, init=self.contents)
        write, read = store.write_port(), store.read_port()
        m.d.comb += [
            write.en.eq(self.write),
            write.addr.eq(self.write_address),
            write.data.eq(self.write_data),
            read.en.eq(1),
            read.addr.eq(self.read_address),
            self.read_data.eq(read.data),
        ]
        return m


class Suspicious(wiring.Component):
    """A comparison that is always true, for the linter to find."""

    byte: In(8)
    positive: Out(1)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.positive.eq(self.byte >= Const(0, 8))
        return m
