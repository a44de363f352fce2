"""`wingbeat info`: what a model file or an image is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from wingbeat.compiler.frontend.container import read_gguf
from wingbeat.compiler.frontend.llama import read_llama
from wingbeat.compiler.frontend.vocabulary import read_special_tokens
from wingbeat.compiler.image import load_image
from wingbeat.sw.cache import is_model_file
from wingbeat.sw.cli.models import model_path
from wingbeat.sw.cli.terminal import print_facts, print_json


def info(
    model: Annotated[
        str, typer.Argument(help="Model file (.gguf), image (.safetensors), or `smollm2`.")
    ],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Say what a model file or an image is."""
    path = model_path(model)
    facts = _model(path) if is_model_file(path) else _image(path)
    if json:
        print_json(facts)
    else:
        print_facts(facts)


def _model(path: Path) -> dict[str, str]:
    checkpoint = read_gguf(path)
    parameters = read_llama(checkpoint)
    special = read_special_tokens(checkpoint.metadata)
    p = parameters
    tensors = checkpoint.tensors.values()
    kinds = Counter(tensor.kind.name for tensor in tensors)
    return {
        "file": path.name,
        "kind": "model, GGUF",
        "layers": str(p.layers),
        "hidden": str(p.hidden),
        "heads": f"{p.heads} of {p.head_dim}, {p.kv_heads} for keys and values",
        "ffn": str(p.ffn),
        "vocabulary": f"{p.vocabulary}{', tied head' if p.tied_head else ''}",
        "context": str(p.context),
        "tensors": ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()),
        "bytes": f"{sum(tensor.data.nbytes for tensor in tensors):,}",
        "chat template": "no" if special.chat_template is None else "yes",
    }


def _image(path: Path) -> dict[str, str]:
    image = load_image(path)
    manifest = image.manifest
    model, program = manifest.model, manifest.program
    return {
        "file": path.name,
        "kind": f"image, format {manifest.format}, ISA version {manifest.isa_version}",
        "model": model.name,
        "layers": str(model.layers),
        "hidden": str(model.hidden),
        "heads": f"{model.heads} of {model.head_dim}, {model.kv_heads} for keys and values",
        "ffn": str(model.ffn),
        "vocabulary": str(model.vocabulary),
        "board": f"{manifest.board}, configuration {manifest.config_digest}",
        "context": f"{program.context} of {model.trained_context}, {program.slots} slots",
        "program": f"{len(image.program.instructions)} instructions",
        "bytes": f"{image.bytes:,}",
        "chat template": "no" if manifest.text.chat_template is None else "yes",
    }
