"""Accumulators: two banks of FP32 sums."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.adder import Adder


def addition(depth: int) -> data.StructLayout:
    """Return the layout of an addition.

    valid : there is one
    first : to +0 instead of what the accumulator holds
    bank, address : the accumulator
    value : FP32
    """
    return data.StructLayout(
        {
            "valid": unsigned(1),
            "first": unsigned(1),
            "bank": unsigned(1),
            "address": range(depth),
            "value": unsigned(32),
        }
    )


def access(depth: int) -> wiring.Signature:
    """Return the signature by which a drain uses one bank.

    active : the drain has the bank
    bank : which one
    read_address : read in this cycle, `read_data` in the next
    write_enable, write_address, write_data : written at the end of this cycle
    """
    return wiring.Signature(
        {
            "active": Out(1),
            "bank": Out(1),
            "read_address": Out(range(depth)),
            "read_data": In(32),
            "write_enable": Out(1),
            "write_address": Out(range(depth)),
            "write_data": Out(32),
        }
    )


class Accumulators(wiring.Component):
    """Adds one value a cycle to one bank, while a drain reads and joins the other.

    Attributes
    ----------
    add : In of `addition`; an accumulator must not come again within `LATENCY` cycles
    drain : In of `access`
    """

    LATENCY = 2 + Adder.LATENCY
    """Cycles from an addition until the accumulator can be read again."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        super().__init__({"add": In(addition(depth)), "drain": In(access(depth))})

    def elaborate(self, platform: object) -> Module:
        """Read, add, write; each bank is a memory with one port to read and one to write."""
        m = Module()
        m.submodules.adder = adder = Adder()
        fetched = delay(m, self.add, 1, name="fetched")
        place = Cat(fetched.bank, fetched.address)
        place = delay(m, place, Adder.LATENCY, name="place")
        done_bank, done_address = place[0], place[1:]
        valid = delay(m, self.add.valid, self.LATENCY - 1, name="valid", reset_less=False)
        drained = delay(m, self.drain.bank, 1, name="drained")
        data_of = []
        for bank in range(2):
            memory = Memory(shape=32, depth=self._depth, init=[])
            m.submodules[f"bank_{bank}"] = memory
            read, write = memory.read_port(), memory.write_port()
            draining = Signal(name=f"draining_{bank}")
            m.d.comb += [
                draining.eq(self.drain.active & (self.drain.bank == bank)),
                read.addr.eq(Mux(draining, self.drain.read_address, self.add.address)),
                write.addr.eq(Mux(draining, self.drain.write_address, done_address)),
                write.data.eq(Mux(draining, self.drain.write_data, adder.sum)),
                write.en.eq(Mux(draining, self.drain.write_enable, valid & (done_bank == bank))),
            ]
            data_of.append(read.data)
        m.d.comb += [
            adder.a.eq(Mux(fetched.first, 0, Mux(fetched.bank, data_of[1], data_of[0]))),
            adder.b.eq(fetched.value),
            self.drain.read_data.eq(Mux(drained, data_of[1], data_of[0])),
        ]
        return m
