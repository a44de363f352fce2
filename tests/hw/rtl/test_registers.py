"""The registers as a host sees them."""

import random

import pytest
from tests.hw.rtl.host import Host
from tests.hw.verify.programs import CONFIG

from wingbeat.hw.control import ErrorCode, State
from wingbeat.hw.isa.instructions import ISA_VERSION, Unit
from wingbeat.hw.register_map import ARGUMENTS, IDENTITY, Control, Interrupt, RegisterMap
from wingbeat.hw.rtl.counters import BEATS_BITS
from wingbeat.hw.rtl.registers import Registers
from wingbeat.sim.rtl.harness import Simulation

R = RegisterMap
OKAY, SLVERR = 0, 2


@pytest.fixture(scope="module")
def built() -> Simulation:
    return Simulation(Registers(CONFIG))


@pytest.fixture
def sim(built: Simulation) -> Simulation:
    for name, port in built.ports.items():
        if port.is_input and name not in ("clk", "rst"):
            built.set(name, 0)
    built.reset()
    return built


@pytest.fixture
def host(sim: Simulation) -> Host:
    return Host(sim, random.Random(7))


def end(sim: Simulation) -> None:
    sim.set("state", State.FINISHED.value)
    sim.set("ended", 1)
    sim.step()
    sim.set("ended", 0)


def test_identity(host: Host) -> None:
    assert host.read(R.IDENTITY) == IDENTITY
    assert host.read(R.ISA_VERSION) == ISA_VERSION
    assert f"{host.read(R.DIGEST, 1) << 32 | host.read(R.DIGEST):016x}" == CONFIG.digest


def test_what_is_written_is_read_and_put_out(sim: Simulation, host: Host) -> None:
    rng = random.Random(1)
    counts = {
        R.PROGRAM: 1,
        R.INSTRUCTIONS: 1,
        R.CONTROL_BLOCK: 1,
        R.WATCHDOG: 1,
        R.ARGUMENT: ARGUMENTS,
        R.MEMORY_BASE: 2 * CONFIG.ports,
    }
    words = {(r, index): rng.getrandbits(32) for r, n in counts.items() for index in range(n)}
    for (register, index), value in words.items():
        assert host.write(register, value, index) == OKAY
    for (register, index), value in words.items():
        assert host.read(register, index) == value
        port = {R.ARGUMENT: "arguments"}.get(register, register.name.lower())
        assert sim.get(port) >> 32 * index & 0xFFFFFFFF == value


def test_a_write_of_part_of_a_word_is_refused(host: Host) -> None:
    host.write(R.PROGRAM, 0x12345678)
    assert host.write(R.PROGRAM, 0, strobe=0b0111) == SLVERR
    assert host.read(R.PROGRAM) == 0x12345678
    assert host.write(R.PROGRAM, 1) == OKAY


def test_what_is_only_read_is_not_written(host: Host) -> None:
    for register in (R.IDENTITY, R.STATE, R.CYCLES):
        before = host.read(register)
        assert host.write(register, 0xFFFFFFFF) == OKAY
        assert host.read(register) == before


def test_where_no_register_is_there_is_zero(host: Host) -> None:
    host.write(R.MEMORY_BASE, 5, 2 * CONFIG.ports)
    assert host.read(R.MEMORY_BASE, 2 * CONFIG.ports) == 0
    assert host.read_offset(0xFFC) == 0


def test_abort_is_any_bit(sim: Simulation, host: Host) -> None:
    assert not sim.get("aborted")
    host.write(R.ABORT, 1 << 31)
    assert sim.get("aborted")
    host.write(R.ABORT, 0)
    assert not sim.get("aborted")


def starts_of_write(sim: Simulation, value: int) -> list[int]:
    """What `start` is while CONTROL is written."""
    inputs: dict[str, int | list[int]] = {
        "bus__aw__valid": [1, 0],
        "bus__w__valid": [1, 0],
        "bus__w__strb": 15,
        "bus__aw__addr": R.CONTROL.word(),
        "bus__w__data": value,
        "bus__b__ready": 1,
    }
    return [int(x) for x in sim.run(inputs, ["start"], cycles=4)["start"]]


def test_a_start_pulses_once_and_not_while_running(sim: Simulation) -> None:
    assert starts_of_write(sim, Control.START) == [1, 0, 0, 0]
    assert starts_of_write(sim, Control.START) == [0, 0, 0, 0]
    end(sim)
    assert starts_of_write(sim, 0xFFFFFFFF - Control.START) == [0, 0, 0, 0]
    assert starts_of_write(sim, Control.START) == [1, 0, 0, 0]


def test_start_and_end(sim: Simulation, host: Host) -> None:
    assert host.read(R.CONTROL) == Control.IDLE
    host.write(R.CONTROL, Control.START)
    sim.set("state", State.RUNNING.value)
    assert host.read(R.CONTROL) == Control.START
    end(sim)
    assert host.read(R.CONTROL) == Control.DONE | Control.IDLE | Control.READY
    assert host.read(R.CONTROL) == Control.IDLE


def test_a_start_clears_done(sim: Simulation, host: Host) -> None:
    host.write(R.CONTROL, Control.START)
    end(sim)
    host.write(R.CONTROL, Control.START)
    assert host.read(R.CONTROL) == Control.START


def test_interrupts(sim: Simulation, host: Host) -> None:
    end(sim)
    assert host.read(R.INTERRUPT_STATUS) == 0
    host.write(R.INTERRUPT_ENABLE, Interrupt.DONE)
    end(sim)
    assert host.read(R.INTERRUPT_STATUS) == Interrupt.DONE and not sim.get("irq")
    host.write(R.GLOBAL_INTERRUPT, 1)
    assert sim.get("irq")
    host.write(R.INTERRUPT_STATUS, Interrupt.DONE)
    assert host.read(R.INTERRUPT_STATUS) == 0 and not sim.get("irq")
    host.write(R.INTERRUPT_ENABLE, Interrupt.DONE | Interrupt.READY)
    end(sim)
    assert host.read(R.INTERRUPT_STATUS) == Interrupt.DONE | Interrupt.READY


def test_the_record(sim: Simulation, host: Host) -> None:
    sim.set("state", State.FAILED.value)
    sim.set("error", ErrorCode.WATCHDOG.value)
    sim.set("error_pc", 777)
    sim.set("error_unit", Unit.MISC.value)
    read = [host.read(r) for r in (R.STATE, R.ERROR, R.ERROR_PC, R.ERROR_UNIT)]
    assert read == [State.FAILED.value, ErrorCode.WATCHDOG.value, 777, Unit.MISC.value]


def test_counters(sim: Simulation, host: Host) -> None:
    rng = random.Random(3)
    units, cycles = len(Unit), 200
    rows = {
        "retires": [rng.getrandbits(units) for _ in range(cycles)],
        "busy": [rng.getrandbits(units) for _ in range(cycles)],
        "stalled": [rng.getrandbits(units) for _ in range(cycles)],
        "beats": [rng.getrandbits(BEATS_BITS * CONFIG.ports) for _ in range(cycles)],
    }
    still = dict.fromkeys(rows, 0)

    def read() -> dict[str, list[int]]:
        counters = (R.CYCLES, R.RETIRED, R.BUSY, R.STALLED, R.BEATS)
        many = {R.BUSY: units, R.STALLED: units, R.BEATS: CONFIG.ports}
        return {r.name: [host.read(r, i) for i in range(many.get(r, 1))] for r in counters}

    sim.run(rows, [], cycles=cycles)
    sim.run(still, [], cycles=1)
    assert read()["BUSY"] == [0] * units
    sim.set("running", 1)
    sim.run(rows, [], cycles=cycles)
    sim.set("running", 0)
    sim.run(still, [], cycles=1)
    # ports move something before and after a run, too
    beats = [2 * [row >> BEATS_BITS * p & 15 for row in rows["beats"]] for p in range(CONFIG.ports)]
    assert read() == {
        "CYCLES": [cycles],
        "RETIRED": [sum(row.bit_count() for row in rows["retires"])],
        "BUSY": [sum(row >> u & 1 for row in rows["busy"]) for u in range(units)],
        "STALLED": [sum(row >> u & 1 for row in rows["stalled"]) for u in range(units)],
        "BEATS": [sum(column) for column in beats],
    }
    host.write(R.CONTROL, Control.START)
    assert not any(any(values) for values in read().values())
