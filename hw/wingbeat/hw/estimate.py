"""Cycles and traffic of a start, without doing the arithmetic.

The sequencer runs as on the machine; instructions are only placed on the timeline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wingbeat.hw.config import CHAIN_PRODUCTS, AcceleratorConfig
from wingbeat.hw.isa.program import Program
from wingbeat.hw.sequencer import Sequencer
from wingbeat.hw.timeline import Timeline


@dataclass(frozen=True)
class Estimate:
    """What a start costs, by the cycle model.

    Attributes
    ----------
    cycles : from start to the last result
    instructions : executed
    traffic : bytes read and written, by purpose
    products : useful INT8 products
    config : the machine
    """

    cycles: int
    instructions: int
    traffic: Mapping[str, int]
    products: int
    config: AcceleratorConfig

    @property
    def bytes(self) -> int:
        """Bytes read and written."""
        return sum(self.traffic.values())

    @property
    def bandwidth_share(self) -> float:
        """Part of the ports' peak bandwidth that is used."""
        return self.bytes / (self.cycles * self.config.port_bytes)

    @property
    def product_share(self) -> float:
        """Part of the peak products that is used."""
        peak = self.config.lanes * self.config.columns * CHAIN_PRODUCTS
        return self.products / (self.cycles * peak)


def estimate(
    program: Program,
    arguments: Mapping[str, int],
    config: AcceleratorConfig,
    purposes: Sequence[str],
) -> Estimate:
    """Run the cycle model.

    Parameters
    ----------
    program : verified program
    arguments : of the start
    config : the machine
    purposes : what each instruction is for
    """
    timeline = Timeline(config)
    timeline.begin(len(program.instructions))
    traffic: Counter[str] = Counter()
    sequencer = Sequencer(program, arguments, lambda system, registers: 0)
    for pc, instruction in sequencer.run():
        span = timeline.advance(instruction, sequencer.registers)
        traffic[purposes[pc]] += span.cost.stream + span.cost.transfer
    moved = {purpose: size for purpose, size in sorted(traffic.items()) if size}
    totals = timeline.totals
    return Estimate(timeline.now, totals.instructions, moved, totals.products, config)
