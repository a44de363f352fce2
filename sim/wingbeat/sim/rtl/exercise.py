"""A small program that does all that decoding does, for a build to be made fast for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wingbeat.compiler.frontend.llama_parameters import LlamaParameters
from wingbeat.compiler.frontend.llama_tensors import tensor_shapes
from wingbeat.compiler.generate import generate
from wingbeat.compiler.graph.llama import llama_graph
from wingbeat.compiler.pack import pack_constants
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.control import State
from wingbeat.hw.errors import CompileError
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.isa.program import Program
from wingbeat.hw.register_map import WATCHDOG, Control, RegisterMap
from wingbeat.sim.memory import DeviceMemory
from wingbeat.sim.rtl.harness import Simulation
from wingbeat.sim.rtl.image_ports import image_ports
from wingbeat.sim.rtl.lite import LiteHost
from wingbeat.sim.rtl.prepared import Model

SHAPE = LlamaParameters(
    layers=1, hidden=256, heads=4, kv_heads=2, head_dim=64, ffn=512, vocabulary=512, context=64,
    rope_theta=10_000.0, rope_divisors=(1.0,) * 32, rms_epsilon=1e-5, tied_head=False,
)  # fmt: skip

ARGUMENTS = {
    "known": 16, "position": 0, "generate": 8, "slot": 0, "all_logits": 0, "sequence": 0,
}  # fmt: skip
"""A prompt and more tokens than that: most of the cycles of a conversation are of decoding."""


SLICE = 2048
"""Cycles between two looks at whether it has ended."""


@dataclass(frozen=True)
class Exercise:
    """A program, and memory with what it reads."""

    program: Program
    memory: DeviceMemory


def exercise(config: AcceleratorConfig) -> Exercise:
    """Return a model of one layer with random weights, in the first dense format of the machine.

    Raises
    ------
    CompileError
        If the machine is too small for it.
    """
    dense = [format for format in config.weight_formats if not format.sparse]
    matrices = [name for name, shape in tensor_shapes(SHAPE).items() if len(shape) == 2]
    formats = dict.fromkeys(matrices, (dense or config.weight_formats)[0])
    made = generate(llama_graph(SHAPE, formats, SHAPE.context), config, slots=1)
    regions = made.plan.memory
    size = (config.ports, regions["weights"].bytes_per_port)
    # bits that a half's infinity would need are 0
    weights = np.random.default_rng(1).integers(0, 256, size, np.uint8) & np.uint8(0xBB)
    words = regions["vectors"].bytes_per_port // 4
    vectors = np.ones((1, words), np.float32).view(np.uint8)
    contents = pack_constants(made) | {"weights": weights, "vectors": vectors}
    return Exercise(made.program, DeviceMemory(regions, config.ports, contents))


def practise(config: AcceleratorConfig, model: Model) -> None:
    """Let a model of the machine do the exercise, unless the machine is too small for it."""
    try:
        made = exercise(config)
    except CompileError:
        return
    simulation = Simulation(model)
    ports = image_ports(config.ports, made.program, made.memory)
    for index, port in enumerate(ports):
        simulation.attach(f"memory__{index}", port)
    layout = made.memory.layout
    host = LiteHost(simulation, "control")
    for register, value in (
        (RegisterMap.PROGRAM, layout.program_start),
        (RegisterMap.INSTRUCTIONS, len(made.program.instructions)),
        (RegisterMap.CONTROL_BLOCK, layout["control"].start * WORDS_PER_BEAT),
        (RegisterMap.WATCHDOG, WATCHDOG),
    ):
        host.write(register.word(), value)
    for argument in made.program.arguments:
        host.write(RegisterMap.ARGUMENT.word(argument.register - 1), ARGUMENTS[argument.name])
    host.write(RegisterMap.CONTROL.word(), Control.START)
    while host.read(RegisterMap.STATE.word()) == State.RUNNING.value:
        simulation.step(SLICE)
