"""Users of one port: each gets its own data, none starves."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from tests.hw.rtl.bus.driver import Driver
from tests.hw.rtl.bus.memory import AxiMemory
from tests.hw.rtl.bus.test_read_engine import MEMORY, beat, decode, encode

from wingbeat.hw.rtl.bus.arbiter import ReadArbiter
from wingbeat.hw.rtl.bus.axi import Axi4Read
from wingbeat.hw.rtl.bus.read_engine import REQUEST, ReadEngine, words_layout
from wingbeat.sim.rtl.harness import Simulation

WIDTH = 128


class Shared(wiring.Component):
    """Read engines that share a port."""

    def __init__(self, users: int) -> None:
        self._users = users
        super().__init__(
            {
                "request": In(stream.Signature(REQUEST)).array(users),
                "response": Out(stream.Signature(words_layout(WIDTH))).array(users),
                "bus": Out(Axi4Read(WIDTH, id_bits=(users - 1).bit_length())),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.arbiter = arbiter = ReadArbiter(WIDTH, self._users)
        wiring.connect(m, arbiter.bus, wiring.flipped(self.bus))
        for index in range(self._users):
            engine = ReadEngine(WIDTH, 32)
            m.submodules[f"engine_{index}"] = engine
            wiring.connect(m, engine.bus, arbiter.users[index])
            wiring.connect(m, engine.request, wiring.flipped(self.request[index]))
            wiring.connect(m, engine.response, wiring.flipped(self.response[index]))
        return m


@cache
def simulation(users: int) -> Simulation:
    return Simulation(Shared(users))


@pytest.mark.parametrize("users", [2, 3, 4])
@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_each_user_gets_its_own_data(users: int, stall: float) -> None:
    rng = np.random.default_rng(users)
    sim = simulation(users)
    memory = AxiMemory(sim, "bus", MEMORY, 16, stall, 20)
    driver = Driver(sim, [memory], stall)
    requests = [
        [(int(rng.integers(0, 3000)), int(rng.integers(1, 40))) for _ in range(12)]
        for _ in range(users)
    ]
    wanted = [[beat(start + i) for start, n in part for i in range(n)] for part in requests]
    found: list[list[int]] = [[] for _ in range(users)]
    driver.run(
        {f"request__{u}": [encode(r) for r in part] for u, part in enumerate(requests)},
        {f"response__{u}": part for u, part in enumerate(found)},
        lambda: all(len(f) == len(w) for f, w in zip(found, wanted, strict=True)),
    )
    assert [[decode(WIDTH, p)[0][0] for p in part] for part in found] == wanted


@pytest.mark.parametrize(("wanting", "turns"), [
    ((0, 1, 2, 3), [0, 1, 0, 2, 0, 3]), ((1, 2, 3), [1, 2, 3]), ((0, 2), [0, 2]),
    ((0,), [0]), ((3,), [3]),
])  # fmt: skip
def test_user_0_gets_every_second_burst_and_the_others_take_turns(
    wanting: tuple[int, ...], turns: list[int]
) -> None:
    sim = Simulation(ReadArbiter(WIDTH, 4))
    sim.reset()
    for user in range(4):
        sim.set(f"users__{user}__ar__valid", user in wanting)
        sim.set(f"users__{user}__ar__addr", 0x100 * user)
    order = []
    for cycle in range(100):
        sim.set("bus__ar__ready", cycle % 3 == 0)
        if sim.get("bus__ar__valid") and sim.get("bus__ar__ready"):
            order.append(sim.get("bus__ar__id"))
            assert sim.get("bus__ar__addr") == 0x100 * order[-1]
        sim.step()
    assert len(order) >= 30
    start = next(i for i in range(1, 12) if order[i : i + len(turns)] == turns)
    assert order[start:] == (turns * 40)[: len(order) - start]
