import re

import numpy as np
import pytest

from wingbeat.compiler.frontend.metadata import (
    Metadata,
    flag,
    integer,
    number,
    numbers,
    strings,
    text,
)
from wingbeat.hw.errors import ModelError

METADATA: Metadata = {
    "integer": 7,
    "number": 2.5,
    "nan": float("nan"),
    "flag": True,
    "text": "x" * 100,
    "strings": ("a", "b"),
    "integers": np.array([1, 2], np.int32),
    "numbers": np.array([1, np.nan], np.float32),
}


def test_returns_values_and_defaults() -> None:
    assert integer(METADATA, "integer", 0, 7) == 7
    assert integer(METADATA, "other", 0, 7, default=3) == 3
    assert number(METADATA, "number", 0, 7) == 2.5
    assert number(METADATA, "integer", 0, 7) == 7.0
    assert flag(METADATA, "flag", default=False)
    assert flag(METADATA, "other", default=True)
    assert text(METADATA, "other", default="y") == "y"
    assert strings(METADATA, "strings") == ("a", "b")
    assert numbers(METADATA, "integers", np.integer, 2).tolist() == [1, 2]


def test_refuses() -> None:
    for call, sentence in (
        (
            lambda: integer(METADATA, "integer", 0, 6),
            "`integer` must be an integer within 0..6, no",
        ),
        (lambda: integer(METADATA, "flag", 0, 6), "must be an integer within 0..6, not True"),
        (
            lambda: integer(METADATA, "x", 0, 6),
            "`x` must be an integer within 0..6, and is missing",
        ),
        (lambda: number(METADATA, "nan", 0, 6), "`nan` must be a number within 0..6, not nan"),
        (lambda: number(METADATA, "flag", 0, 6), "`flag` must be a number within 0..6, not True"),
        (lambda: flag(METADATA, "integer", True), "`integer` must be true or false, not 7"),
        (lambda: text(METADATA, "strings"), "must be a string, not an array of 2 strings"),
        (lambda: strings(METADATA, "text"), f"not the string `{'x' * 80}...`"),
        (
            lambda: numbers(METADATA, "integers", np.integer, 3),
            "must be an array of 3 integer values, not an array of 2 int32 values",
        ),
        (lambda: numbers(METADATA, "numbers", np.integer, 2), "not an array of 2 float32 values"),
        (lambda: numbers(METADATA, "numbers", np.floating, 2), "2 floating values, and holds a N"),
    ):
        with pytest.raises(ModelError, match=re.escape(sentence)):
            call()
