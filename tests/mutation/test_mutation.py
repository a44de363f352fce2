"""The mutation check itself: it changes what it should, and tells what tests see from what not."""

import ast
from pathlib import Path

from tests.mutation.mutations import Mutation, mutations
from tests.mutation.run import ROOT, RTL, Outcome, attempt, choose, components, stages, table

SOURCE = '''
"""Nothing in a 1 + 1 of a docstring changes."""
class Unit:
    def __init__(self):
        self.width = 8
    def elaborate(self, platform):
        """Nor here: 2 + 2."""
        m.d.comb += [a.eq(b & 3), c.eq(~d)]
        with m.If(a == b):
            m.d.sync += e.eq(Mux(a, b, c))
        raise ValueError(f"{9} µ {1 + 1}")
'''

FILE = RTL / "sequencer" / "tokens.py"
TESTS = [["tests/hw/rtl/sequencer/test_tokens.py"]]


def test_the_changes_of_a_source() -> None:
    changes = sorted(mutation.describe(SOURCE) for mutation in mutations(SOURCE))
    assert changes == sorted(
        [
            "line 8: a.eq(b & 3) -> *[]",
            "line 8: b & 3 -> ((b) | (3))",
            "line 8: 3 -> 4",
            "line 8: 3 -> 2",
            "line 8: c.eq(~d) -> *[]",
            "line 8: ~d -> d",
            "line 9: a == b -> ((a) != (b))",
            "line 9: a == b -> (a == b) == 0",
            "line 10: m.d.sync += e.eq(Mux(a, b, c)) -> pass",
            "line 10: Mux(a, b, c) -> Mux(a, c, b)",
        ]
    )


def test_every_component_can_be_broken_and_stays_a_program() -> None:
    for file in components():
        source = (ROOT / file).read_text()
        for mutation in choose(file, 5, seed=1):
            changed = mutation.apply(source)
            assert changed != source
            ast.parse(changed)


def test_a_file_s_own_tests_come_first() -> None:
    proofs, *others = stages(FILE, machine=False)
    assert others == [*TESTS, ["tests/hw/rtl/sequencer"]]
    assert "tests/formal/test_proofs.py::test_it_holds[token_counters]" in proofs
    assert not any("test_a_bug_is_found" in proof for proof in proofs)
    assert "test_machine" in stages(FILE)[-1][0]
    assert "test_machine" in stages(RTL / "accelerator.py", machine=False)[0][0]


def test_the_same_seed_makes_the_same_changes() -> None:
    assert choose(FILE, 5, seed=1) == choose(FILE, 5, seed=1)
    assert choose(FILE, 5, seed=1) != choose(FILE, 5, seed=2)
    assert len(set(choose(FILE, 1000, seed=1))) == len(set(mutations((ROOT / FILE).read_text())))


def _change(old: str, new: str) -> Mutation:
    start = (ROOT / FILE).read_text().index(old)
    return Mutation(0, start, start + len(old), new, "operator")


def test_a_bug_is_killed() -> None:
    outcome = attempt(FILE, _change("count + give - take", "count + give + take"), TESTS)
    assert outcome.outcome == "killed"
    assert outcome.by.startswith(TESTS[0][0])


def test_a_change_without_effect_survives() -> None:
    outcome = attempt(FILE, _change("count != 0", "count >= 1"), TESTS)
    assert (outcome.outcome, outcome.by) == ("survived", "")


def test_a_test_that_does_not_end_is_given_up() -> None:
    assert attempt(FILE, _change("count != 0", "count != 0"), TESTS, 0.01).outcome == "timeout"


def test_the_table_counts_by_folder() -> None:
    found = [Outcome(str(FILE), "", "", outcome, "", 1.0) for outcome in ("killed", "survived")]
    lines = table(found).splitlines()
    assert lines[2:] == ["| rtl/sequencer | 2 | 1 | 0 | 1 |", "| all | 2 | 1 | 0 | 1 |"]
    assert Path(found[0].file) == FILE
