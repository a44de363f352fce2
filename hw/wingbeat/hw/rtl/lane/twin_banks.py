"""Accumulators of two columns as if they were one column's: row pairs take turns."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.lane.accumulators import access


class TwinBanks(wiring.Component):
    """Deals a drain's accesses to its own column and to the next one.

    The lowest bit of an address is the field, the one above it chooses between twins.

    Parameters
    ----------
    depth : accumulators of a column

    Attributes
    ----------
    together : In(1), there are twins; otherwise all is in the own column
    drain : In of `accumulators.access`
    banks : Out of 2 x `accumulators.access`, the own column's and the other's
    """

    def __init__(self, depth: int) -> None:
        super().__init__(
            {"together": In(1), "drain": In(access(depth)), "banks": Out(access(depth)).array(2)}
        )

    def elaborate(self, platform: object) -> Module:
        """Take the bit out of the addresses, and remember it for what is read."""
        m = Module()
        drain = self.drain
        read, write = drain.read_address, drain.write_address
        for number, bank in enumerate(self.banks):
            m.d.comb += [
                bank.active.eq(drain.active & (self.together if number else 1)),
                bank.bank.eq(drain.bank),
                bank.read_address.eq(Mux(self.together, Cat(read[0], read[2:]), read)),
                bank.write_address.eq(Mux(self.together, Cat(write[0], write[2:]), write)),
                bank.write_data.eq(drain.write_data),
                bank.write_enable.eq(
                    drain.write_enable & (Mux(self.together, write[1], 0) == number)
                ),
            ]
        second = delay(m, self.together & read[1], 1, name="second")
        own, other = self.banks
        m.d.comb += drain.read_data.eq(Mux(second, other.read_data, own.read_data))
        return m


class Visitor(wiring.Component):
    """Lets the drain of the column before use the accumulators while the own one is idle.

    Parameters
    ----------
    depth : accumulators of a column

    Attributes
    ----------
    own, guest : In of `accumulators.access`, never active together
    bank : Out of `accumulators.access`
    """

    def __init__(self, depth: int) -> None:
        ports = {"own": In(access(depth)), "guest": In(access(depth)), "bank": Out(access(depth))}
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        """Choose whoever is active; both see what is read."""
        m = Module()
        own, guest, bank = self.own, self.guest, self.bank
        for name in ("bank", "read_address", "write_enable", "write_address", "write_data"):
            m.d.comb += getattr(bank, name).eq(
                Mux(guest.active, getattr(guest, name), getattr(own, name))
            )
        m.d.comb += [
            bank.active.eq(own.active | guest.active),
            own.read_data.eq(bank.read_data),
            guest.read_data.eq(bank.read_data),
        ]
        return m
