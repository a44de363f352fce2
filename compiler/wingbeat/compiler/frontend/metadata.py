"""The key-value section of a model file: what a value may be, and access that explains itself.

Every accessor checks presence, type and range, so that a caller holds a sound value or the user
holds one sentence naming the key, what was found and what was wanted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from wingbeat.compiler.frontend.naming import quoted
from wingbeat.hw.errors import ModelError

MetadataValue: TypeAlias = bool | int | float | str | tuple[str, ...] | npt.NDArray[np.generic]
"""A scalar, a string, an array of strings, or an array of numbers (one dimension, read-only)."""

Metadata: TypeAlias = Mapping[str, MetadataValue]


def _found(value: MetadataValue) -> str:
    if isinstance(value, str):
        return f"the string {quoted(value)}"
    if isinstance(value, tuple):
        return f"an array of {len(value)} strings"
    if isinstance(value, np.ndarray):
        return f"an array of {value.size} {value.dtype.name} values"
    return str(value)


def _wrong(key: str, rule: str, value: MetadataValue | None) -> ModelError:
    if value is None:
        return ModelError(f"metadata {quoted(key)} must be {rule}, and is missing")
    return ModelError(f"metadata {quoted(key)} must be {rule}, not {_found(value)}")


def integer(metadata: Metadata, key: str, low: int, high: int, default: int | None = None) -> int:
    """Return an integer within `low..high`, or `default` where the key is absent.

    Raises
    ------
    ModelError
        When the value is missing without a default, is not an integer, or is out of range.
    """
    value = metadata.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _wrong(key, f"an integer within {low}..{high}", value)
    return value


def number(
    metadata: Metadata, key: str, low: float, high: float, default: float | None = None
) -> float:
    """Return a finite number within `low..high`, or `default` where the key is absent.

    Raises
    ------
    ModelError
        When the value is missing without a default, is no number, not finite, or out of range.
    """
    value = metadata.get(key, default)
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
        or not low <= value <= high
    ):
        raise _wrong(key, f"a number within {low:g}..{high:g}", value)
    return float(value)


def flag(metadata: Metadata, key: str, default: bool) -> bool:
    """Return a truth value, or `default` where the key is absent.

    Raises
    ------
    ModelError
        When the value is not of GGUF's type BOOL.
    """
    value = metadata.get(key, default)
    if not isinstance(value, bool):
        raise _wrong(key, "true or false", value)
    return value


def text(metadata: Metadata, key: str, default: str | None = None) -> str:
    """Return a string, or `default` where the key is absent.

    Raises
    ------
    ModelError
        When the value is missing without a default, or is not a string.
    """
    value = metadata.get(key, default)
    if not isinstance(value, str):
        raise _wrong(key, "a string", value)
    return value


def strings(metadata: Metadata, key: str) -> tuple[str, ...]:
    """Return an array of strings.

    Raises
    ------
    ModelError
        When the value is missing or is not an array of strings.
    """
    value = metadata.get(key)
    if not isinstance(value, tuple):
        raise _wrong(key, "an array of strings", value)
    return value


def numbers(
    metadata: Metadata, key: str, kind: type[np.integer | np.floating], count: int
) -> npt.NDArray[np.generic]:
    """Return an array of exactly `count` numbers whose type is a `kind`, with no NaN in it.

    Raises
    ------
    ModelError
        When the value is missing, is no such array, has another length, or contains a NaN.
    """
    value = metadata.get(key)
    rule = f"an array of {count} {kind.__name__} values"
    if (
        not isinstance(value, np.ndarray)
        or not np.issubdtype(value.dtype, kind)
        or value.size != count
    ):
        raise _wrong(key, rule, value)
    if kind is np.floating and np.isnan(value).any():
        raise ModelError(f"metadata {quoted(key)} must be {rule}, and holds a NaN")
    return value
