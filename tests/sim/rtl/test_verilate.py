import multiprocessing
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.sim.rtl.components import Counter, Inverter, Pipeline, Queue, Storage, Suspicious

from wingbeat.sim.rtl import verilate
from wingbeat.sim.rtl.harness import Simulation
from wingbeat.sim.rtl.lint import lint
from wingbeat.sim.rtl.prepared import Model
from wingbeat.sim.rtl.values import Values
from wingbeat.sim.rtl.verilog import elaborate, to_verilog


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "wingbeat" / "rtl"


def test_a_build_is_made_once_and_nothing_else_is_left(cache: Path) -> None:
    first = verilate.build(elaborate(Counter()))
    made = first.stat().st_mtime_ns
    assert verilate.build(elaborate(Counter())) == first
    assert first.stat().st_mtime_ns == made
    assert sorted(path.suffix for path in cache.iterdir()) == [".lock", ".lock", ".o", ".so"]
    assert verilate.build(elaborate(Inverter())) != first
    assert verilate.build(elaborate(Counter()), "speed") != first


def test_a_build_that_practises_is_another_one_that_does_the_same(cache: Path) -> None:
    practised: list[int] = []

    def practice(library: Path) -> None:
        assert b".gcda" in library.read_bytes()
        simulation = Simulation(Model(library, design.ports))
        simulation.step(1000)
        practised.append(simulation.cycle)

    design = elaborate(Counter())
    plain = verilate.build(design, "behaviour")
    library = verilate.build(design, "behaviour", practice=practice)
    assert practised == [1000]
    assert library != plain
    assert verilate.build(design, "behaviour", practice=practice) == library
    assert practised == [1000]
    assert not list(cache.glob("build-*"))
    inputs: Mapping[str, Values] = {"enable": [1, 0, 1, 1] * 50}
    one, other = (
        Simulation(Model(each, design.ports)).run(inputs, ["value"])["value"]
        for each in (plain, library)
    )
    assert (one == other).all()


def test_workers_do_not_build_the_same(cache: Path) -> None:
    """Two processes ask for one library at the same time: one builds it, both get it."""
    design = elaborate(Counter())
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        one, other = pool.map(verilate.build, [design, design])
    assert one == other
    assert len(list(cache.glob("*.so"))) == 1
    assert not list(cache.glob("build-*"))


def test_a_build_that_fails_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    design = elaborate(Counter())
    monkeypatch.setenv("CXX", "false")
    with pytest.raises(RuntimeError, match=r"C\+\+ compiler failed"):
        verilate.build(design)
    assert {path.suffix for path in cache.iterdir()} == {".lock"}
    monkeypatch.delenv("CXX")
    assert verilate.build(design).exists()


def test_memories_without_contents_cost_no_code_and_begin_as_zero() -> None:
    empty = to_verilog(elaborate(Storage([])))
    assert "initial" not in empty
    assert "initial" in to_verilog(elaborate(Storage([0, 5])))
    rows: Mapping[str, Values] = {"write_address": range(64), "write_data": -1, "write": 1}
    for contents in (list[int](), [3, 0, 9]):
        for _ in range(2):  # the second finds the memory that the first has left
            sim = Simulation(Storage(contents))
            found = sim.run({"read_address": range(64)}, ["read_data"], 65)["read_data"][1:]
            assert found.tolist() == contents + [0] * (64 - len(contents))
            sim.run(rows, [])
            found = sim.run({"read_address": range(64)}, ["read_data"], 65)["read_data"][1:]
            assert (found == 2**32 - 1).all()
            del sim


def test_lint() -> None:
    for component in (Counter(), Pipeline(), Queue(70, 5), Storage([1, 2])):
        assert lint(component) == ""
    assert "UNSIGNED" in lint(Suspicious())
