from typing import Any

import pytest
from pydantic import ValidationError
from tests.compiler import small

from wingbeat.compiler.manifest import IMAGE_FORMAT, Manifest


def fields() -> dict[str, Any]:
    return small.image().manifest.model_dump(mode="json", by_alias=True)


def test_a_manifest_survives_its_json() -> None:
    manifest = small.image().manifest
    assert Manifest.model_validate_json(manifest.model_dump_json(by_alias=True)) == manifest


def test_an_argument_calls_its_register_by_that_name() -> None:
    assert fields()["program"]["arguments"][0]["register"] == 1


def test_another_format_is_refused() -> None:
    with pytest.raises(ValidationError, match="format"):
        Manifest.model_validate(fields() | {"format": IMAGE_FORMAT + 1})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("regions", 0, "beats"), -1),
        (("regions", 0, "start"), 1 << 32),
        (("regions", 0, "crc32c"), -1),
        (("regions", 0, "name"), "two\nlines"),
        (("regions", 0, "striped"), None),
        (("program", "arguments", 0, "register"), -1),
        (("program", "arguments", 0, "high"), 1 << 32),
        (("program", "arguments", 0, "name"), ""),
        (("program", "chunk"), 0),
        (("program", "slots"), 0),
        (("program", "maximum_words"), 0),
        (("model", "vocabulary"), 0),
        (("model", "weight_bytes"), -1),
        (("text", "bos"), -1),
        (("text", "stop"), [1 << 32]),
        (("config", "lanes"), 65),
        (("tokenizer_crc32c",), None),
        (("more",), 1),
        (("text", "more"), 1),
    ],
)
def test_numbers_out_of_range_and_unknown_keys_are_refused(
    path: tuple[str | int, ...], value: object
) -> None:
    changed = fields()
    Manifest.model_validate(changed)
    holder: Any = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    with pytest.raises(ValidationError) as caught:
        Manifest.model_validate(changed)
    assert caught.value.errors()[0]["loc"][: len(path)] == path


def test_a_manifest_does_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        small.image().manifest.board = "other"
