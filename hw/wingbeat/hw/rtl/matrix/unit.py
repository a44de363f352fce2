"""MM and MV: the matrix processing engine, all lanes of it."""

from __future__ import annotations

from itertools import product
from typing import Any

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out, connect, flipped

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.control import ErrorCode
from wingbeat.hw.isa.instructions import Multiply
from wingbeat.hw.rtl.bus.read_engine import REQUEST, words_layout
from wingbeat.hw.rtl.clock_gate import rest, resting_domain
from wingbeat.hw.rtl.command import resolved
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.lane.column import DRAINS
from wingbeat.hw.rtl.lane.commands import Mode
from wingbeat.hw.rtl.lane.lane import COLUMNS, Lane
from wingbeat.hw.rtl.matrix.controller import Controller
from wingbeat.hw.rtl.matrix.deal import Deal
from wingbeat.hw.rtl.matrix.drain import RESULTS, Drain
from wingbeat.hw.rtl.matrix.operand_buffer import OperandBuffer
from wingbeat.hw.rtl.matrix.stream_reader import StreamReader
from wingbeat.hw.rtl.memory.ports import operand_fixed_read, vector_write

UNDER_WAY = 4
"""Multiplications whose results are not all stored yet, at most."""


class MatrixUnit(wiring.Component):
    """Stream reader, lanes, operand buffer, controller and drain, joined.

    Attributes
    ----------
    ahead : stream of multiplications whose weights may be read
    command : stream of the same multiplications, each when it may begin
    done : Out(1), pulse: the results of a multiplication can be read
    fault : OPERAND if the header of a sparse tile is none
    requests, responses : streams to and from each port's read engine
    operands : read port of the operand memory
    write : write port of the vector memory
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        command = stream.Signature(resolved(Multiply))
        words = stream.Signature(words_layout(config.port_bits))
        super().__init__(
            {
                "ahead": In(command),
                "command": In(command),
                "done": Out(1),
                "fault": Out(ErrorCode),
                "requests": Out(stream.Signature(REQUEST)).array(config.ports),
                "responses": In(words).array(config.ports),
                "operands": Out(operand_fixed_read(config)),
                "write": Out(vector_write(config)),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Weights come from the ports, operands from their memory, results go to the other one."""
        m = Module()
        config = self._config
        lanes = [Lane(config) for _ in range(config.lanes)]
        for index, lane in enumerate(lanes):
            m.submodules[f"lane_{index}"] = lane
        m.submodules.buffer = buffer = OperandBuffer(config)
        m.submodules.controller = controller = Controller(config, Lane.RESULT_OFFSET, Lane.SETTLE)
        drain = Drain(config)
        quads = Cat(quad.valid for quad in drain.quads).any()
        begins = drain.results.valid & drain.results.ready
        rest(m, drain, quads | begins, name="collector")
        connect(m, buffer.read, flipped(self.operands))
        connect(m, drain.write, flipped(self.write))
        m.d.comb += self.done.eq(drain.done)
        self._weights(m, lanes)
        self._begin(m, controller, buffer, drain)
        self._steps(m, lanes, controller, buffer)
        self._results(m, lanes, controller, drain)
        self._rest(m, lanes, controller)
        return m

    def _weights(self, m: Module, lanes: list[Lane]) -> None:
        """From the ports to the lanes."""
        config = self._config
        m.submodules.reader = reader = StreamReader(config)
        connect(m, flipped(self.ahead), reader.command)
        each = config.lanes // config.ports
        for port in range(config.ports):
            deal = Deal(config.port_bits, each)
            m.submodules[f"deal_{port}"] = deal
            connect(m, reader.requests[port], flipped(self.requests[port]))
            connect(m, flipped(self.responses[port]), deal.words)
            for place, lane in enumerate(lanes[port * each : (port + 1) * each]):
                connect(m, deal.beats[place], lane.beats)
        for tiles, lane in zip(reader.tiles, lanes, strict=True):
            connect(m, tiles, lane.tile)

    def _begin(
        self, m: Module, controller: Controller, buffer: OperandBuffer, drain: Drain
    ) -> None:
        """Tell all parts of a multiplication; one of nothing is done with at once, in its turn."""
        command = self.command.payload
        vectors, some, accepted = Signal(16), Signal(), Signal()
        m.submodules.results = results = SyncFIFO(width=RESULTS.size, depth=UNDER_WAY)
        goes_on = (controller.work.ready & buffer.walk.ready) | ~some
        m.d.comb += [
            vectors.eq(command.outer * command.inner),
            some.eq((command.tiles != 0) & (command.groups != 0) & (vectors != 0)),
            accepted.eq(self.command.valid & results.w_rdy & goes_on),
            self.command.ready.eq(results.w_rdy & goes_on),
            controller.work.valid.eq(accepted & some),
            buffer.walk.valid.eq(accepted & some),
            results.w_en.eq(accepted),
        ]
        work, walk = controller.work.payload, buffer.walk.payload
        for name in ("opcode", "tile_rows", "strands", "tiles", "groups"):
            m.d.comb += work[name].eq(command[name])
        m.d.comb += [
            work.vectors.eq(vectors),
            walk.base.eq(command.operand.base),
            walk.outer_stride.eq(command.operand.outer),
            walk.inner_stride.eq(command.operand.inner),
        ]
        for name in ("outer", "inner", "tiles", "groups"):
            m.d.comb += walk[name].eq(command[name])
        places = Signal(RESULTS)
        m.d.comb += [
            places.base.eq(command.destination.base),
            places.outer_stride.eq(command.destination.outer),
            places.inner_stride.eq(command.destination.inner),
            places.outer.eq(command.outer),
            places.inner.eq(command.inner),
            places.tile_rows.eq(command.tile_rows),
            results.w_data.eq(places.as_value()),
            drain.results.payload.eq(results.r_data),
            drain.results.valid.eq(results.r_rdy),
            results.r_en.eq(drain.results.ready),
        ]
        with m.If(some):
            m.d.comb += places.tiles.eq(command.tiles)

    def _steps(
        self, m: Module, lanes: list[Lane], controller: Controller, buffer: OperandBuffer
    ) -> None:
        """Lanes go in step; scales and sums follow the codes by the length of the chain."""
        m.d.comb += [
            controller.operands_ready.eq(buffer.ready),
            buffer.release.eq(controller.operands_release),
            buffer.fetch.eq(controller.fetch),
            buffer.step.eq(controller.fetch_step),
            controller.unit_ready.eq(Cat(lane.unit_ready for lane in lanes).all()),
            # the same in all lanes; asked of each, so that they are the same module in simulation
            controller.whole.eq(Cat(lane.whole for lane in lanes).all()),
            controller.twins.eq(Cat(lane.twins for lane in lanes).all()),
        ]
        vectors = Signal.like(buffer.vectors)
        m.d.comb += vectors.eq(buffer.vectors)
        if self._config.twins:
            # both columns multiply the one vector there is
            with m.If(controller.step.mode == Mode.MV):
                m.d.comb += vectors[2].eq(buffer.vectors[0])
        scalars = Signal(lanes[0].scalars.shape())
        for lane in lanes:
            m.d.comb += [
                lane.advance.eq(controller.advance),
                lane.step.eq(controller.step),
                lane.result.eq(controller.result),
            ]
            for column, field in product(range(self._config.columns), range(2)):
                entry = vectors[2 * column + field]
                m.d.comb += lane.operands[column][field].eq(entry.codes)
        for column, field in product(range(self._config.columns), range(2)):
            entry, scalar = vectors[2 * column + field], scalars[column][field]
            m.d.comb += [scalar.scale.eq(entry.scale), scalar.sum.eq(entry.sum)]
        late = delay(m, scalars, Lane.RESULT_OFFSET, name="scalars")
        m.d.comb += [lane.scalars.eq(late) for lane in lanes]

    def _rest(self, m: Module, lanes: list[Lane], controller: Controller) -> None:
        """Make the lanes' clocks that rest, each for all lanes: these go in step."""
        step, result = controller.step, controller.result
        drains = [Cat(lane.drains[c] for lane in lanes).any() for c in range(self._config.columns)]
        resting_domain(m, Cat(drains).any(), name=DRAINS)
        several = (step.mode == Mode.MM) | (result.valid & (result.mode == Mode.MM))
        if self._config.twins:
            several |= (controller.unit_ready & controller.twins) | (result.valid & result.twins)
        after = Lane.RESULT_OFFSET + Lane.SETTLE
        if drains[1:]:
            resting_domain(m, Cat(several, drains[1:]).any(), name=COLUMNS, after=after)

    def _results(self, m: Module, lanes: list[Lane], controller: Controller, drain: Drain) -> None:
        """Banks are drained in all lanes at once."""
        everyone, draining = Signal(), Signal()
        m.d.comb += [
            everyone.eq(Cat(lane.drain.ready for lane in lanes).all()),
            controller.drain.ready.eq(everyone & ~draining),
            controller.drained.eq(everyone & draining),
        ]
        with m.If(controller.drain.valid & controller.drain.ready):
            m.d.sync += draining.eq(1)
        with m.If(controller.drained):
            m.d.sync += draining.eq(0)
        columns = self._config.columns
        for index, lane in enumerate(lanes):
            m.d.comb += [
                lane.drain.payload.eq(controller.drain.payload),
                lane.drain.valid.eq(controller.drain.valid & controller.drain.ready),
            ]
            for column, quads in enumerate(lane.quads):
                connect(m, quads, drain.quads[index * columns + column])
        with m.If(Cat(lane.fault for lane in lanes).any()):
            m.d.comb += self.fault.eq(ErrorCode.OPERAND)
