"""Halves: every pattern decoded; patterns near every boundary encoded."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.arithmetic import fp32, half
from wingbeat.hw.rtl.transfer.half import decode_half, encode_half, settle
from wingbeat.sim.rtl.harness import Simulation


class Conversions(wiring.Component):
    def __init__(self) -> None:
        super().__init__(
            {
                "half": In(16),
                "word": In(32),
                "decoded": Out(32),
                "encoded": Out(16),
                "settled": Out(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += [
            self.decoded.eq(decode_half(m, self.half, name="decoded_half")),
            self.encoded.eq(encode_half(m, self.word, name="encoded_half")),
            self.settled.eq(settle(self.word)),
        ]
        return m


def test_every_half_is_decoded() -> None:
    halves = np.arange(1 << 16, dtype=np.uint16)
    found = Simulation(Conversions()).run({"half": halves}, ["decoded"])["decoded"]
    assert found.astype(np.uint32).tobytes() == half.decode_half(halves).tobytes()


def test_scales_are_rounded_to_halves() -> None:
    """Around every half and every tie between two, and numbers of every exponent."""
    exact = half.decode_half(np.arange(0x7C00, dtype=np.uint16)).view(np.uint32).astype(np.int64)
    ties = (exact[:-1] + exact[1:]) // 2
    rng = np.random.default_rng(1)
    words = np.concatenate(
        [
            *(exact + offset for offset in (-1, 0, 1)),
            *(ties + offset for offset in (-1, 0, 1)),
            rng.integers(0, 1 << 31, 100_000),
            (np.arange(256) << 23)[:, None].repeat(4, 1).ravel()
            + np.tile([0, 1, 0x400000, 0x7FFFFF], 256),
            [0x7F800000, 0x7F800001, 0x7FC00000, 0x7FFFFFFF],
        ]
    )
    # the smallest subnormals of FP32 lie about the tie between no half and the first: keep both
    words = np.clip(words, 0, 0x7FFFFFFF).astype(np.uint32)
    found = Simulation(Conversions()).run({"word": words}, ["encoded"])["encoded"]
    wanted = half.encode_half(words.view(np.float32))
    assert found.astype(np.uint16).tobytes() == wanted.tobytes()


def test_raw_words_are_settled() -> None:
    rng = np.random.default_rng(2)
    words = rng.integers(0, 1 << 32, 50_000).astype(np.uint32)
    words[::3] &= 0x807FFFFF
    words[1::3] |= 0x7F800000
    words[:8] = [0, 1 << 31, 0x7F800000, 0xFF800000, 0x7F800001, 0x007FFFFF, 0x00800000, 0x80800000]
    found = Simulation(Conversions()).run({"word": words}, ["settled"])["settled"]
    with np.errstate(invalid="ignore"):
        wanted = fp32.settle(words.view(np.float32).copy())
    assert found.astype(np.uint32).tobytes() == wanted.tobytes()
