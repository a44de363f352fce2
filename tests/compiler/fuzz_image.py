"""Damage small image files at random and load them: one family of errors, or a verified program.

    python -m tests.compiler.fuzz_image 100000 --seed 1

Most cases change one part of a file and then make the check sums right, so that what lies behind
them is reached. Case `i` of seed `s` is always the same file.
"""

from __future__ import annotations

import copy
import json
import random
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.compiler import small
from tests.compiler.damage import COUNTS, Outcome, bounded_memory, damaged
from tests.compiler.image_file import Parts, bomb
from tests.fuzzing import command_line

from wingbeat.compiler.driver import compile_model
from wingbeat.compiler.image import load_image, save_image
from wingbeat.hw.errors import WingbeatError
from wingbeat.hw.isa.instructions import INSTRUCTION_BYTES
from wingbeat.hw.verify.verifier import verify

MEMORY = 256 << 20
"""Bytes of address space that loading may add to the process."""

RARE = 32
"""One case in so many is a compiled model, the others an image of nine instructions."""

LONGEST = 1000
"""Characters of a refusal, at most."""

TYPES = ["U8", "I8", "BOOL", "F16", "BF16", "F32", "I64", "F8_E4M3", "F8_E8M0", "F4", "C64", "u8"]

VALUES: list[Any] = [
    None, True, "", "x", "a\nb", "\ud800", "\x00", "ä" * 300, [], {}, [[]], [1, [2]], {"a": {}},
    -1, 0, 1, 7, 31, 32, 64, 1.5, -0.0, 1e308, float("nan"), float("inf"), 1 << 31, 1 << 32,
    (1 << 63) - 1, 1 << 64, 10**30, 10**400,
]  # fmt: skip

NUMBERS = ["1e999", "-1e-999", "9" * 5000, "-0", "0x10", "1.", "NaN", "-Infinity", "[" * 500, "{}"]
"""What may stand where the text of a manifest has a number."""

TOKENIZERS: list[bytes] = [
    b"", b"\x00", bomb(1 << 16), bomb(65 << 20), bomb(1 << 16)[:-9], bomb(9) + b"tail", bomb(9)[:-1]
]  # fmt: skip


def change_file(parts: Parts, rng: random.Random) -> bytes:
    """Damage anywhere, mostly in the header."""
    sound = parts.file()
    tensors = sum(map(len, parts.tensors.values()))
    return damaged(sound, len(sound) - tensors, rng)


def change_header(parts: Parts, rng: random.Random) -> bytes:
    """Types, shapes and places of tensors; the length of the header."""
    name = rng.choice(list(parts.header))
    entry = parts.header[name]
    length = None
    match rng.randrange(8):
        case 0:
            entry["dtype"] = rng.choice(TYPES)
        case 1:
            entry["dtype"] = rng.choice(TYPES)
            width = {"F16": 2, "BF16": 2, "F32": 4, "I64": 8, "C64": 8}.get(entry["dtype"], 1)
            entry["shape"] = [len(parts.tensors[name]) // width]
        case 2:
            entry["shape"] = rng.choice([entry["shape"][::-1], [*entry["shape"], 1], []])
        case 3:
            shape = rng.choice([[0], [0, 1 << 63], [(1 << 64) - 1, 0], [1] * 70 + [0], [0] * 40])
            parts.resize(name, b"", shape)
        case 4:
            entry[rng.choice(list(entry))] = copy.deepcopy(rng.choice(VALUES))
        case 5:
            at = rng.randrange(2)
            entry["data_offsets"][at] = rng.choice([*COUNTS, -1, 8])
        case 6:
            parts.header[rng.choice(["x\ny", "region.", "program", "region.numbers"])] = (
                parts.header.pop(name)
            )
        case _:
            length = rng.choice([*COUNTS[:-1], (1 << 64) - 1, 100_000_001])
    return parts.file(length=length)


def change_manifest(parts: Parts, rng: random.Random) -> bytes:
    """Values, keys and the text itself."""
    for _ in range(rng.choice([1, 1, 2])):
        holder, key = _place(parts.manifest, rng)
        match rng.randrange(6):
            case 0 | 1 | 2:
                holder[key] = copy.deepcopy(rng.choice(VALUES))
            case 3 if isinstance(holder[key], int):
                holder[key] += rng.choice([-1, 1, 16])
            case 4:
                del holder[key]
            case 5 if isinstance(holder, dict):
                holder[rng.choice(["extra", "a\nb", ""])] = holder[key]
            case _:
                deep: Any = 0
                for _ in range(rng.choice([10, 150])):
                    deep = [deep] if rng.random() < 0.5 else {"a": deep}
                holder[key] = deep
    _maybe_seal(parts, rng)
    text = json.dumps(parts.manifest)
    if rng.random() < 0.2:
        found = rng.choice(list(re.finditer(r"-?[0-9]+", text)))
        text = text[: found.start()] + rng.choice(NUMBERS) + text[found.end() :]
    elif rng.random() < 0.05:
        text = rng.choice(["", "[" * 100_000, text[:-1], text + "]", '{"format":1,' + text[1:]])
    return parts.file(text)


def change_program(parts: Parts, rng: random.Random) -> bytes:
    """Instructions: bits, order, number."""
    raw = parts.tensors["program"]
    words = [raw[i : i + INSTRUCTION_BYTES] for i in range(0, len(raw), INSTRUCTION_BYTES)]
    purposes = parts.manifest["program"]["purposes"]
    for _ in range(rng.choice([1, 1, 1, 3])):
        at = rng.randrange(len(words))
        match rng.randrange(8):
            case 0:
                del words[at], purposes[at]
            case 1:
                words.insert(at, rng.choice(words))
                purposes.insert(at, "copy")
            case 2:
                words[at] = rng.choice(words)
            case 3:
                start = rng.randrange(INSTRUCTION_BYTES - 4)
                value = rng.choice([0, 1, 0xFFFF, 1 << 31, 0xFFFFFFFF]).to_bytes(4, "little")
                words[at] = words[at][:start] + value + words[at][start + 4 :]
            case _:
                number = int.from_bytes(words[at], "little")
                for _ in range(rng.choice([1, 2, 5])):
                    number ^= 1 << rng.randrange(rng.choice([16, 200]))
                words[at] = number.to_bytes(INSTRUCTION_BYTES, "little")
        if not words:
            break
    parts.resize("program", b"".join(words), [len(words), INSTRUCTION_BYTES])
    _maybe_seal(parts, rng)
    return parts.file()


def change_contents(parts: Parts, rng: random.Random) -> bytes:
    """Bytes and sizes of regions and tokenizer."""
    name = rng.choice(["tokenizer", *parts.tensors])
    data = parts.tensors[name]
    if name == "tokenizer" and rng.random() < 0.7:
        # the largest takes a tenth of a second, so it is rare
        odds = [9] * len(TOKENIZERS)
        odds[3] = 1
        data = rng.choices(TOKENIZERS, odds)[0]
        parts.resize(name, data, [len(data)])
    else:
        at, size = rng.randrange(len(data)), rng.choice([1, 16, len(data)])
        kind = rng.randrange(3)
        new = rng.randbytes(1) if kind == 0 else b"" if kind == 1 else data[at : at + size] * 2
        data = data[:at] + new + data[at + (1 if kind == 0 else size) :]
        shape = parts.header[name]["shape"]
        rows = shape[0] if len(shape) > 1 else 1
        wanted = [rows, len(data) // rows] if len(shape) > 1 else [len(data)]
        parts.resize(name, data, wanted)
    _maybe_seal(parts, rng)
    return parts.file()


CHANGES: list[Callable[[Parts, random.Random], bytes]] = [
    change_file, change_header, change_manifest, change_manifest, change_program, change_contents
]  # fmt: skip


def _maybe_seal(parts: Parts, rng: random.Random) -> None:
    if rng.random() < 0.85:
        parts.seal()


def _place(root: Any, rng: random.Random) -> tuple[Any, Any]:
    """Return a container of the manifest that is not empty, and a key of it."""
    holder: Any = root
    while True:
        key = rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))
        inner = holder[key]
        if not isinstance(inner, dict | list) or not inner or rng.random() < 0.15:
            return holder, key
        holder = inner


def damaged_image(sound: Parts, seed: int, case: int) -> bytes:
    """Return one damaged copy."""
    rng = random.Random(f"{seed}/{case}")
    return rng.choice(CHANGES)(sound.copy(), rng)


def sound_images(folder: Path) -> list[Parts]:
    """An image of nine instructions, and one of a model."""
    paths = [folder / "nine.safetensors", folder / "model.safetensors"]
    save_image(small.image(), paths[0])
    save_image(compile_model(small.llama_file(folder), small.board()).image, paths[1])
    for path in paths:
        use(path)
    return [Parts.of(path.read_bytes()) for path in paths]


def use(path: Path) -> None:
    """Load an image and prove its program, as a device does before it takes it."""
    try:
        image = load_image(path)
        verify(image.program, image.memory, image.manifest.config)
    except WingbeatError as error:
        assert len(str(error)) < LONGEST, str(error)
        raise


def fuzz(count: int, seed: int) -> Outcome:
    """Load `count` damaged files; whatever is not a WingbeatError comes through, with its case."""
    outcome = Outcome()
    with tempfile.TemporaryDirectory() as folder, bounded_memory(MEMORY):
        sound = sound_images(Path(folder))
        path = Path(folder) / "damaged.safetensors"
        for case in range(count):
            path.unlink(missing_ok=True)
            path.write_bytes(damaged_image(sound[case % RARE == 0], seed, case))
            outcome.attempt(use, path, WingbeatError, f"{case} of seed {seed}")
    return outcome


if __name__ == "__main__":
    command_line(fuzz, __doc__)
