"""Accelerator configurations: every limit, its sentence, and the sizes that follow."""

import re
from pathlib import Path
from typing import Any

import pytest

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.errors import ConfigError

SMALL: dict[str, Any] = {"lanes": 4, "ports": 2}

LIMITS: dict[str, tuple[int, int]] = {
    "lanes": (1, 64),
    "columns": (1, 8),
    "ports": (1, 32),
    "tokens": (1, 128),
    "vector_memory_kib": (16, 4096),
    "operand_memory_kib": (8, 2048),
    "prefetch_beats": (32, 8192),
    "queue_depth": (2, 64),
}

CHOICES: dict[str, list[Any]] = {
    "port_bits": [64, 128, 256, 512],
    "vector_lanes": [4, 8, 16],
    "multiplier": ["BEHAVIOURAL", "DSP48E2", "DSP48E1", "MULT18X18D"],
}


def config(**fields: Any) -> AcceleratorConfig:
    return AcceleratorConfig.parse(SMALL | fields)


def refusal(fields: object) -> str:
    with pytest.raises(ConfigError) as caught:
        AcceleratorConfig.parse(fields)
    return str(caught.value)


def test_every_field_has_a_limit_here() -> None:
    others = {"formats", "clock_mhz"}
    assert set(AcceleratorConfig.model_fields) == set(LIMITS) | set(CHOICES) | others


@pytest.mark.parametrize("name", LIMITS)
def test_a_number_outside_its_limits_is_refused_with_value_and_limit(name: str) -> None:
    for limit, value in zip(LIMITS[name], (LIMITS[name][0] - 1, LIMITS[name][1] + 1), strict=True):
        rule = rf"`{name}`: input should be (greater|less) than or equal to {limit}, not {value}"
        assert re.fullmatch(rule, refusal(SMALL | {name: value}))


@pytest.mark.parametrize("name", LIMITS)
def test_the_limits_themselves_are_accepted(name: str) -> None:
    for limit in LIMITS[name]:
        lanes, tokens = (32, 8) if name in ("ports", "columns") else (4, 32)
        fields = {"lanes": lanes, "ports": 1, "tokens": tokens, "port_bits": 64, name: limit}
        assert getattr(AcceleratorConfig.parse(fields), name) == limit


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_is_one_of_its_values(name: str) -> None:
    for value in CHOICES[name]:
        assert getattr(AcceleratorConfig.parse({"lanes": 16, name: value}), name) == value
    sentence = refusal(SMALL | {name: 24})
    assert sentence.startswith(f"`{name}`: input should be ")
    assert sentence.endswith(", not 24")
    assert all(str(value) in sentence for value in CHOICES[name])


@pytest.mark.parametrize("clock", [0, -1, 1000.5, float("nan")])
def test_a_clock_that_no_device_has_is_refused(clock: float) -> None:
    sentence = refusal(SMALL | {"clock_mhz": clock})
    assert re.fullmatch(rf"`clock_mhz`: input should be .* than .*\d, not {clock}", sentence)


def test_the_fastest_clock_is_accepted() -> None:
    assert config(clock_mhz=1000).clock_mhz == 1000


def test_lanes_must_be_dealt_evenly_to_ports() -> None:
    assert refusal({"lanes": 6, "ports": 4}) == (
        "`lanes` must be a multiple of `ports` (4), not 6: a port deals its beats evenly to its "
        "lanes"
    )


@pytest.mark.parametrize(
    ("lanes", "ports", "bits", "beats"), [(3, 1, 512, 4), (6, 1, 512, 4), (6, 2, 256, 2)]
)
def test_a_word_must_be_dealt_evenly_to_lanes(
    lanes: int, ports: int, bits: int, beats: int
) -> None:
    assert refusal({"lanes": lanes, "ports": ports, "port_bits": bits}) == (
        f"`lanes` / `ports` must be a multiple of {beats}, the beats of a port's word, not "
        f"{lanes // ports}: a port deals each word to its lanes, one beat each"
    )
    config(lanes=lanes, ports=ports, port_bits=128)
    config(lanes=lanes, ports=ports, port_bits=64)


def test_tokens_must_be_dealt_evenly_to_columns() -> None:
    assert refusal(SMALL | {"tokens": 32, "columns": 3}) == (
        "`tokens` must be a multiple of `columns` (3), not 32: "
        "each column takes an equal share of the vectors"
    )


def test_lanes_slower_than_the_memory_are_refused() -> None:
    """Four lanes of 32 weights of 2.5 bits take 320 bits a cycle, of 4.5 bits 576."""
    assert refusal({"lanes": 4, "port_bits": 512, "formats": ["int2g32"]}) == (
        "`lanes` must consume at least 563 bits a cycle (1.1 x the ports) in the narrowest format, "
        "not 320 (4 lanes of int2g32): slower lanes waste memory bandwidth"
    )
    assert AcceleratorConfig.parse({"lanes": 4, "port_bits": 512}).lanes == 4


def test_the_margin_over_the_memory_is_a_tenth() -> None:
    """1.1 x 64 bits is 70.4: 32 weights of 2.125 bits are 68, of 2.25 bits 72."""
    assert "not 68 " in refusal({"lanes": 1, "port_bits": 64, "formats": ["int2g128"]})
    AcceleratorConfig.parse({"lanes": 1, "port_bits": 64, "formats": ["int2g64"]})


def test_the_narrowest_of_all_formats_counts() -> None:
    formats = ["int8g32", "int2g32", "int4g32"]
    assert "not 80 (1 lanes of int2g32)" in refusal({"lanes": 1, "formats": formats})


def test_at_least_one_format_is_built() -> None:
    assert refusal(SMALL | {"formats": []}) == "`formats` must name at least one weight format"


def test_an_unknown_format_is_named() -> None:
    assert "not `int9`" in refusal(SMALL | {"formats": ["int9"]})


def test_formats_have_their_full_names() -> None:
    found = config(formats=["int4", "raw8"])
    assert found.formats == ("int4g32", "raw8")
    assert [(fmt.bits, fmt.group) for fmt in found.weight_formats] == [(4, 32), (8, 32)]


def test_a_missing_field_is_named() -> None:
    assert refusal({}) == "`lanes`: field required"


def test_a_misspelt_field_is_named() -> None:
    assert refusal(SMALL | {"lane": 4}).startswith("`lane`: extra inputs")


def test_something_else_than_fields_is_refused() -> None:
    sentence = refusal([1, 2])
    assert sentence.startswith("`description`: ")
    assert sentence.endswith(", not [1, 2]")


def test_sizes_follow() -> None:
    found = config(
        vector_memory_kib=16, operand_memory_kib=8, tokens=12, ports=4, port_bits=128, lanes=8
    )
    assert found.vector_words == 16 * 1024 // 4
    assert found.vector_granules == 256
    assert found.operand_groups == 8 * 1024 // 32
    assert found.accumulators == 192
    assert found.port_bytes == 64


def test_a_small_machine_has_accumulators_for_eight_strands() -> None:
    assert config(tokens=1).accumulators == 128


def test_the_digest_changes_with_every_field_but_the_clock() -> None:
    changed: dict[str, Any] = {
        "lanes": 8,
        "columns": 2,
        "ports": 4,
        "port_bits": 64,
        "vector_lanes": 8,
        "tokens": 16,
        "vector_memory_kib": 512,
        "operand_memory_kib": 128,
        "prefetch_beats": 256,
        "queue_depth": 8,
        "formats": ["int4g32"],
        "multiplier": "DSP48E1",
    }
    assert {*changed, "clock_mhz"} == set(AcceleratorConfig.model_fields)
    digests = {config(**{name: value}).digest for name, value in changed.items()}
    assert len(digests | {config().digest}) == len(changed) + 1
    assert config(clock_mhz=100).digest == config().digest


def test_the_digest_is_the_same_however_the_machine_is_described() -> None:
    spelt_out = AcceleratorConfig.parse(config(formats=["int4"]).model_dump())
    assert spelt_out.digest == config(formats=["int4g32"]).digest
    assert re.fullmatch("[0-9a-f]{16}", spelt_out.digest)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "machine.yaml"
    path.write_text("lanes: 8\nports: 4\n", encoding="utf-8")
    assert (AcceleratorConfig.load(path).lanes, AcceleratorConfig.load(path).ports) == (8, 4)


@pytest.mark.parametrize(
    "text", [b"lanes: [", b"\xff\xfe\xfa", b"[" * 500, b"lanes: 2024-13-45", b"lanes: 0x_"]
)
def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "machine.yaml"
    path.write_bytes(text)
    with pytest.raises(ConfigError) as caught:
        AcceleratorConfig.load(path)
    assert str(caught.value).startswith(f"`{path}` must be a readable YAML file: ")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml` must be a readable YAML file"):
        AcceleratorConfig.load(tmp_path / "nowhere.yaml")
