"""`wingbeat info`: what a model file or an image holds."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from wingbeat.compiler.frontend.container import read_gguf
from wingbeat.compiler.frontend.llama import read_llama
from wingbeat.compiler.frontend.naming import as_text
from wingbeat.compiler.frontend.vocabulary import read_special_tokens
from wingbeat.compiler.image import load_image
from wingbeat.sw.cache import is_model_file
from wingbeat.sw.cli.options import AsJson, Model
from wingbeat.sw.cli.output import RESULT, print_json
from wingbeat.sw.models import find_model


def info(model: Model, as_json: AsJson = False) -> None:
    """Describe a model file or an image."""
    path = find_model(model)
    facts = _model_file(path) if is_model_file(path) else _image(path)
    if as_json:
        print_json(facts)
        return
    for title, entries in facts.items():
        _print_section(title, entries)


def _model_file(path: Path) -> dict[str, Any]:
    checkpoint = read_gguf(path)
    parameters = dataclasses.asdict(read_llama(checkpoint))
    divisors = parameters.pop("rope_divisors")
    parameters["positions_stretched"] = any(divisor != 1.0 for divisor in divisors)
    special = read_special_tokens(checkpoint.metadata)
    kinds: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for tensor in checkpoint.tensors.values():
        kinds[tensor.kind.name] += 1
        sizes[tensor.kind.name] += tensor.data.nbytes
    return {
        "file": {"path": as_text(str(path)), "kind": "GGUF", "bytes": path.stat().st_size},
        "parameters": parameters,
        "tensors": {
            kind: {"tensors": count, "bytes": sizes[kind]} for kind, count in sorted(kinds.items())
        },
        "text": {
            "bos": special.bos,
            "stop": list(special.ends),
            "add_bos": special.add_bos,
            "chat_template": special.chat_template is not None,
        },
    }


def _image(path: Path) -> dict[str, Any]:
    image = load_image(path)
    manifest = image.manifest
    program = manifest.program
    return {
        "file": {"path": as_text(str(path)), "kind": "image", "bytes": path.stat().st_size},
        "model": manifest.model.model_dump(),
        "machine": {
            "board": manifest.board,
            "isa_version": manifest.isa_version,
            "config_digest": manifest.config_digest,
        },
        "program": {
            "instructions": len(image.program.instructions),
            "context": program.context,
            "slots": program.slots,
            "chunk": program.chunk,
        },
        "arguments": {
            entry.name: {"register": entry.register_, "low": entry.low, "high": entry.high}
            for entry in program.arguments
        },
        "regions": {
            region.name: {
                "start": region.start,
                "beats": region.beats,
                "bytes": region.bytes_on(manifest.config.ports),
                "ports": "all" if region.striped else "0",
                "writable": region.writable,
            }
            for region in image.memory.regions
        },
        "text": {
            "bos": manifest.text.bos,
            "stop": list(manifest.text.stop),
            "add_bos": manifest.text.add_bos,
            "chat_template": manifest.text.chat_template is not None,
        },
    }


def _print_section(title: str, entries: dict[str, Any]) -> None:
    """Print names with a value, or with a row of named values."""
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", show_header=False)
    rows = {
        name: entry if isinstance(entry, dict) else {"": entry} for name, entry in entries.items()
    }
    headings = list(next(iter(rows.values()), {}))
    table.show_header = headings != [""]
    table.add_column("name")
    for heading in headings:
        table.add_column(heading)
    for name, row in rows.items():
        table.add_row(name, *(_text(value) for value in row.values()))
    RESULT.print(table)


def _text(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
