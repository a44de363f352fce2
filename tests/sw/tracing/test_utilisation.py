import io

from rich.console import Console

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.sim.counters import Counters
from wingbeat.sw.tracing.utilisation import utilisation

CONFIG = AcceleratorConfig(lanes=4, ports=2, port_bits=256)


def rows(counters: Counters) -> list[list[str]]:
    console = Console(file=io.StringIO(), width=160)
    console.print(utilisation(counters, CONFIG))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    return [line.split() for line in lines if line.strip(" ─")]


def test_counters_and_their_shares() -> None:
    found = rows(Counters(1000, 7, (0, 10, 500, 999, 1000), (1000, 0, 250, 1, 0), (2000, 500)))
    assert found == [
        ["1,000", "cycles", "busy", "waiting", "beats"],
        ["LD", "0", "0.0%", "1,000", "100.0%"],
        ["ST", "10", "1.0%", "0", "0.0%"],
        ["MPE", "500", "50.0%", "250", "25.0%"],
        ["MISC", "999", "99.9%", "1", "0.1%"],
        ["SYS", "1,000", "100.0%", "0", "0.0%"],
        # two beats a cycle are all
        ["port", "0", "2,000", "100.0%"],
        ["port", "1", "500", "25.0%"],
    ]


def test_what_is_not_modelled_is_a_dash() -> None:
    found = rows(Counters(10, 1, (1, 2, 3, 4, 5), (0, 0, 0, 0, 0), ()))
    assert found[1] == ["LD", "1", "10.0%", "-"]
    assert len(found) == 6


def test_sums() -> None:
    one = Counters(10, 1, (1, 2, 3, 4, 5), (5, 4, 3, 2, 1), (7, 8))
    assert Counters.none(2) + one == one
    assert one + one == Counters(20, 2, (2, 4, 6, 8, 10), (10, 8, 6, 4, 2), (14, 16))
