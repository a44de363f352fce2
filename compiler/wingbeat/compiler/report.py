"""The compile report: what the image costs in memory, traffic and cycles, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wingbeat.boards.board import Board
from wingbeat.compiler.frontend.llama_parameters import LlamaParameters
from wingbeat.compiler.frontend.matrices import RepackReport
from wingbeat.compiler.generate import Generated
from wingbeat.hw.config import CHAIN_PRODUCTS
from wingbeat.hw.estimate import Estimate, estimate
from wingbeat.hw.isa.instructions import INSTRUCTION_BYTES

DECODE_CONTEXTS = (128, 512, 2048)
PREFILL_TOKENS = 128


def make_report(
    name: str,
    parameters: LlamaParameters,
    board: Board,
    generated: Generated,
    repacked: Sequence[RepackReport],
    seconds: dict[str, float],
    tensor_bytes: int,
) -> dict[str, Any]:
    """Return the report.

    Parameters
    ----------
    name, parameters : of the model
    board : compiled for
    generated : program and memory plan
    repacked : what the front end did to each matrix
    seconds : of each step of the compilation
    tensor_bytes : of the model file, 0 if there was none
    """
    context = generated.plan.caches.positions
    decode = [
        _phase(f"decode at {n}", generated, board, parameters, 1, known=n, position=n - 1)
        for n in DECODE_CONTEXTS
        if n <= context
    ]
    tokens = min(PREFILL_TOKENS, context)
    prefill = _phase(
        f"prefill of {tokens}", generated, board, parameters, tokens, known=tokens, position=0
    )
    config = board.accelerator
    return {
        "model": name,
        "board": board.name,
        "configuration": config.model_dump(mode="json"),
        "note": "cycles are estimates of the cycle model; the clock is an assumption",
        "program": {
            "instructions": len(generated.program.instructions),
            "bytes": len(generated.program.instructions) * INSTRUCTION_BYTES,
            "chunk": generated.tokens,
            "attention_chunks": [
                {"positions": part.positions, "tokens": part.tokens} for part in generated.parts
            ],
            "flightllm_buckets": flightllm_storage(parameters, config.lanes),
        },
        "memory": {
            "tensor_bytes": tensor_bytes,
            "regions": {
                region.name: region.bytes_on(config.ports)
                for region in generated.plan.memory.regions
            },
        },
        "on_chip": {
            "vector_words": generated.on_chip["vector"] * 16,
            "vector_words_available": config.vector_words,
            "operand_groups": generated.on_chip["operand"],
            "operand_groups_available": config.operand_groups,
        },
        "phases": [*decode, prefill],
        "repacked": [
            {
                "tensor": r.name,
                "from": r.kind,
                "to": r.format,
                "relative_rms": r.relative_rms,
                "largest_change": r.largest_change,
                "clamped": r.clamped,
            }
            for r in repacked
            if not r.exact
        ],
        "seconds": {step: round(value, 3) for step, value in seconds.items()},
    }


def _phase(
    name: str,
    generated: Generated,
    board: Board,
    parameters: LlamaParameters,
    tokens: int,
    **arguments: int,
) -> dict[str, Any]:
    start = {"generate": 1, "slot": 0, "all_logits": 0, "sequence": 0} | arguments
    result = estimate(generated.program, start, board.accelerator, generated.purposes)
    ideal = _ideal_bytes(generated, parameters, arguments["known"])
    config = board.accelerator
    seconds = result.cycles / (config.clock_mhz * 1e6)
    return {
        "phase": name,
        "cycles": result.cycles,
        "tokens_per_second": tokens / seconds,
        "bytes_per_token": {k: round(v / tokens) for k, v in result.traffic.items()},
        "bytes_per_token_total": round(result.bytes / tokens),
        "products_per_byte": result.products / result.bytes,
        "bandwidth_share": result.bandwidth_share,
        "useful_bandwidth_share": ideal / (result.cycles * config.port_bytes),
        "product_share": result.product_share,
        "limit": _limit(result),
    }


def _ideal_bytes(generated: Generated, parameters: LlamaParameters, known: int) -> int:
    """Weights read once, and the logical bytes of the keys and values: 8 bits and their scales."""
    plan = generated.plan
    weights = sum(
        round(m.rows * m.columns * m.layout.format.bits_per_weight(m.kept) / 8)
        for m in plan.matrices.values()
    )
    caches = plan.caches
    per_position = caches.head_dim * 2 + 2 * caches.key_groups + 2
    return weights + known * caches.kv_heads * parameters.layers * per_position


def _limit(result: Estimate) -> str:
    """What the ports could deliver, or what the chains could multiply: whichever takes longer."""
    config = result.config
    memory = result.bytes / config.port_bytes
    chains = result.products / (config.lanes * config.columns * CHAIN_PRODUCTS)
    return "memory" if memory >= chains else "products"


def flightllm_storage(parameters: LlamaParameters, lanes: int) -> dict[str, int]:
    """Compute what bucketed programs would store for this model and machine.

    FlightLLM (FPGA'24, section 5) keeps a program for each bucket of lengths: prefill lengths by
    128, decode lengths by 16, layers unrolled. Counted here: one 16-byte instruction for each row
    tile of a multiplication (its LD and MM pair counted as two), up to the model's context.
    """
    p = parameters
    rows = 16 * lanes

    def tiles(height: int) -> int:
        return -(-height // rows)

    fixed = 2 * (
        2 * tiles(p.heads * p.head_dim)
        + 2 * tiles(p.kv_heads * p.head_dim)
        + 2 * tiles(p.ffn)
        + 2 * tiles(p.hidden)
    )

    def program(length: int) -> int:
        heads = 2 * p.heads * (tiles(length) + tiles(p.head_dim))
        return 16 * (p.layers * (fixed + heads) + 2 * tiles(p.vocabulary))

    decode = [program(n) for n in range(16, p.context + 1, 16)]
    prefill = [program(n) for n in range(128, p.context + 1, 128)]
    return {
        "decode_buckets": len(decode),
        "prefill_buckets": len(prefill),
        "bytes": sum(decode) + sum(prefill),
    }
