import dataclasses
import json
from functools import cache
from typing import Any

import pytest
from tests.compiler.shapes import SMOLLM2_135M, generated

from wingbeat.boards.board import load_board
from wingbeat.compiler.frontend.matrices import RepackReport
from wingbeat.compiler.report import flightllm_storage, make_report

REPACKED = (
    RepackReport("same", "Q4_0", "int4g32"),
    RepackReport("rounded", "F16", "int8g32", 0.001, 0.5),
    RepackReport("clamped", "Q8_0", "int8g32", clamped=3),
)


@cache
def report() -> dict[str, Any]:
    made = generated(SMOLLM2_135M, "kv260", 2048)
    seconds = {"read": 0.12345}
    board = load_board("kv260")
    return make_report("smol", SMOLLM2_135M, board, made, REPACKED, seconds, 98_000_000)


def test_a_report_is_json() -> None:
    assert json.loads(json.dumps(report())) == report()


def test_only_matrices_that_changed_are_listed() -> None:
    assert [entry["tensor"] for entry in report()["repacked"]] == ["rounded", "clamped"]
    assert report()["repacked"][1]["clamped"] == 3


def test_phases_are_those_that_the_context_allows() -> None:
    names = [phase["phase"] for phase in report()["phases"]]
    assert names == ["decode at 128", "decode at 512", "decode at 2048", "prefill of 128"]


def test_decode_reads_every_weight_once_a_token() -> None:
    # 106 M weights of layers at 5 bits, 28 M of the head at 8.5
    p = SMOLLM2_135M
    layer = p.hidden * (2 * p.hidden + 2 * 192 + 3 * p.ffn)
    weights = p.layers * layer * 5 / 8 + p.hidden * p.vocabulary * 8.5 / 8
    for phase in report()["phases"][:3]:
        traffic = phase["bytes_per_token"]
        assert sum(traffic.values()) == pytest.approx(phase["bytes_per_token_total"], abs=9)
        assert weights <= traffic["weights"] + traffic["head"] < 1.05 * weights


def test_a_longer_context_is_slower_and_shares_are_shares() -> None:
    phases = report()["phases"]
    speeds = [phase["tokens_per_second"] for phase in phases]
    assert speeds[0] > speeds[1] > speeds[2]
    # a chunk of tokens shares the weights
    assert speeds[3] > speeds[0]
    for phase in phases:
        assert 0 < phase["useful_bandwidth_share"] <= phase["bandwidth_share"] <= 1
        assert 0 < phase["product_share"] <= 1
        clock = 300e6
        tokens = 128 if "prefill" in phase["phase"] else 1
        assert phase["tokens_per_second"] == pytest.approx(tokens * clock / phase["cycles"])
    assert phases[0]["limit"] == "memory"
    assert phases[3]["limit"] == "products"


def test_on_chip_use_is_within_what_there_is() -> None:
    used = report()["on_chip"]
    assert 0 < used["vector_words"] <= used["vector_words_available"] == 1024 * 256
    assert 0 < used["operand_groups"] <= used["operand_groups_available"] == 256 * 32


def test_program_and_memory_are_those_of_the_image() -> None:
    program = report()["program"]
    assert program["bytes"] == 32 * program["instructions"] <= 64 << 10
    assert report()["memory"]["tensor_bytes"] == 98_000_000
    assert report()["memory"]["regions"]["weights"] > 95_000_000
    assert report()["seconds"] == {"read": 0.123}


def test_bucketed_programs_grow_with_the_square_of_the_context() -> None:
    found = [
        flightllm_storage(dataclasses.replace(SMOLLM2_135M, context=context), 4)
        for context in (1024, 2048)
    ]
    assert [entry["decode_buckets"] for entry in found] == [64, 128]
    assert [entry["prefill_buckets"] for entry in found] == [8, 16]
    assert 2 < found[1]["bytes"] / found[0]["bytes"] < 4


def test_one_bucket_by_hand() -> None:
    tiny = dataclasses.replace(
        SMOLLM2_135M, layers=1, hidden=64, heads=1, kv_heads=1, ffn=64, vocabulary=65, context=16
    )
    # 64 rows a tile: q, k, v, o, gate, up, down and one more; scores and values; two of the head
    assert flightllm_storage(tiny, 4)["bytes"] == 16 * (2 * 8 + 2 * 2 + 2 * 2)
