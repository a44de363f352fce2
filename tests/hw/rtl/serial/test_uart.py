import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from wingbeat.hw.rtl.serial.uart import BITS, Receiver, Transmitter
from wingbeat.sim.rtl.harness import Simulation

DIVISOR = 6


class Loop(wiring.Component):
    """A transmitter, a wire, a receiver of another divisor."""

    bytes: In(stream.Signature(8))
    wire: Out(1)
    byte: Out(8)
    strobe: Out(1)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.transmitter = transmitter = Transmitter(DIVISOR)
        m.submodules.receiver = receiver = Receiver(DIVISOR)
        connect(m, flipped(self.bytes), transmitter.bytes)
        m.d.comb += [
            self.wire.eq(transmitter.wire),
            receiver.wire.eq(transmitter.wire),
            self.byte.eq(receiver.byte),
            self.strobe.eq(receiver.strobe),
        ]
        return m


def test_a_byte_is_a_start_bit_eight_bits_and_a_stop_bit() -> None:
    sim = Simulation(Loop())
    found = sim.run(
        {"bytes__payload": 0b1001_0110, "bytes__valid": [1, 0]}, ["wire"], cycles=14 * DIVISOR
    )["wire"]
    first = int(np.argmin(found))
    bits = found[first + DIVISOR // 2 :: DIVISOR][:BITS]
    assert bits.tolist() == [0, 0, 1, 1, 0, 1, 0, 0, 1, 1]
    assert found[:first].all() and found[first + (BITS - 1) * DIVISOR :].all()


def test_what_is_sent_is_received_whatever_the_pauses() -> None:
    sim = Simulation(Loop())
    rng = np.random.default_rng(1)
    sent = [*range(256), *rng.integers(0, 256, 200).tolist()]
    received: list[int] = []
    waiting = list(sent)
    sim.set("bytes__valid", 0)
    for _ in range(len(sent) * (BITS + 3) * DIVISOR):
        offered = bool(waiting) and rng.random() < 0.9
        if offered:
            sim.set("bytes__payload", waiting[0])
        sim.set("bytes__valid", offered)
        if offered and sim.get("bytes__ready"):
            waiting.pop(0)
        if sim.get("strobe"):
            received.append(sim.get("byte"))
        sim.step()
    assert received == sent


@pytest.mark.parametrize("error", [-0.04, 0.04])
def test_a_clock_that_is_off_by_four_percent_is_understood(error: float) -> None:
    divisor = 50
    sim = Simulation(Receiver(divisor))
    rng = np.random.default_rng(2)
    sent = rng.integers(0, 256, 60)
    bits = np.concatenate([[1] * 3, *([0, *(b >> i & 1 for i in range(8)), 1] for b in sent), [1]])
    places = (np.arange(int(len(bits) * divisor * (1 + error))) / (divisor * (1 + error))).astype(
        int
    )
    found = sim.run({"wire": bits[places]}, ["byte", "strobe"])
    assert found["byte"][found["strobe"] == 1].tolist() == sent.tolist()


def test_a_byte_without_its_stop_bit_is_none() -> None:
    sim = Simulation(Receiver(DIVISOR))
    wire = np.repeat([1, 0, *[1] * 8, 0, 0, 1], DIVISOR)
    assert not sim.run({"wire": wire}, ["strobe"])["strobe"].any()
