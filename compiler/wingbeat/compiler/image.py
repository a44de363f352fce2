"""The image: one safetensors file with everything that a device needs.

Tensors: `program` uint8 (instructions, 32), `region.NAME` uint8 (ports or 1, bytes) for each region
that begins with contents, `tokenizer` uint8 (deflated JSON). The file's metadata are the manifest
(`wingbeat`) and its CRC32C (`crc32c`, eight hexadecimal digits); the manifest has those of the
tensors. Loading checks every length and every CRC32C before anything is used, and unpickles
nothing: no file that differs in one bit is taken.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import google_crc32c
import numpy as np
import numpy.typing as npt
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from wingbeat.compiler.manifest import Manifest
from wingbeat.hw.config import explain
from wingbeat.hw.errors import ConfigError, EncodingError, ImageError
from wingbeat.hw.isa.instructions import INSTRUCTION_BYTES, ISA_VERSION
from wingbeat.hw.isa.program import Argument, Program
from wingbeat.hw.memory_map import MemoryMap, Region

Bytes = npt.NDArray[np.uint8]

_LARGEST_TOKENIZER = 64 << 20
_LONGEST_REASON = 300


@dataclasses.dataclass(frozen=True)
class Image:
    """A compiled model.

    Attributes
    ----------
    manifest : checked
    program : decoded
    memory : regions
    contents : uint8 (ports or 1, bytes) of regions that begin with data, by name
    tokenizer : JSON of the `tokenizers` library
    """

    manifest: Manifest
    program: Program
    memory: MemoryMap
    contents: Mapping[str, Bytes]
    tokenizer: str

    @property
    def bytes(self) -> int:
        """Bytes of all contents."""
        return sum(part.nbytes for part in self.contents.values())


def crc32c(data: Bytes) -> int:
    """Return the CRC32C of an array's bytes."""
    return int(google_crc32c.value(data.tobytes()))


def text_sum(text: str) -> str:
    """Return the CRC32C of a text's UTF-8 as eight hexadecimal digits."""
    return f"{google_crc32c.value(text.encode()):08x}"


def deflated(text: str) -> Bytes:
    """Return a text as deflated UTF-8."""
    return np.frombuffer(zlib.compress(text.encode(), 6), np.uint8)


def check_place(path: Path) -> None:
    """Refuse a path that no image can be written to, before there is one; makes its folder."""
    try:
        _aside(path).unlink()
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from None


def save_image(image: Image, path: Path) -> None:
    """Write an image aside, then rename it: a reader never sees half a file."""
    tensors = {f"region.{name}": data for name, data in image.contents.items()}
    tensors["program"] = image.program.encode()
    tensors["tokenizer"] = deflated(image.tokenizer)
    manifest = image.manifest.model_dump_json(by_alias=True)
    metadata = {"wingbeat": manifest, "crc32c": text_sum(manifest)}
    try:
        aside = _aside(path)
        try:
            save_file(tensors, aside, metadata)
            _order_metadata(aside)
            aside.chmod(0o644)
            aside.replace(path)
        except BaseException:
            aside.unlink()
            raise
    except (OSError, SafetensorError, ValueError) as error:
        raise _unwritable(path, error) from None


def _aside(path: Path) -> Path:
    """Make an empty file beside an image that is to be written."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    return Path(aside)


def _order_metadata(path: Path) -> None:
    """Sort the metadata, which safetensors writes in any order: equal images are equal files."""
    with path.open("r+b") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
        if len(text) > size:
            raise ValueError(f"a header of {size} bytes cannot take {len(text)}")
        file.seek(8)
        file.write(text.ljust(size))


def _unwritable(path: Path, error: Exception) -> ImageError:
    return ImageError(f"image `{path}` must be writable: {_reason(error)}")


def load_image(path: Path) -> Image:
    """Read and check an image.

    Raises
    ------
    ImageError
        If the file is missing, truncated, damaged, of another version, or no image at all.
    """
    what = f"image `{path}`"
    # opening a pipe or a device could wait for ever
    if path.exists() and not path.is_file():
        raise ImageError(f"{what} must be a regular file")
    manifest, tensors = _read(what, path)
    if manifest.isa_version != ISA_VERSION:
        raise ImageError(
            f"{what} must be of ISA version {ISA_VERSION}, not {manifest.isa_version}: "
            "compile the model again"
        )
    if manifest.config_digest != manifest.config.digest:
        raise ImageError(f"{what} must carry the digest of its configuration")
    return _assemble(what, manifest, tensors)


def _read(what: str, path: Path) -> tuple[Manifest, dict[str, Bytes]]:
    tensors: dict[str, Bytes] = {}
    try:
        with safe_open(path, framework="numpy") as file:
            manifest = _manifest(what, file.metadata() or {})
            for name in file.keys():  # noqa: SIM118 - not a mapping
                # asked first: not every type of safetensors is one of NumPy
                kind = file.get_slice(name).get_dtype()
                if kind != "U8":
                    raise ImageError(f"{what}: `{_short(name)}` must be bytes (U8), not {kind}")
                tensors[name] = file.get_tensor(name)
    except ValidationError as error:
        raise ImageError(f"{what} must have a sound manifest: {_short(explain(error))}") from None
    except ConfigError as error:
        raise ImageError(f"{what} must have a sound manifest: {_reason(error)}") from None
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, MemoryError) as error:
        raise ImageError(f"{what} must be a readable safetensors file: {_reason(error)}") from None
    return manifest, tensors


def _manifest(what: str, metadata: Mapping[str, str]) -> Manifest:
    if "wingbeat" not in metadata:
        raise ImageError(f"{what} must have a wingbeat manifest, and has none")
    if "crc32c" not in metadata:
        raise ImageError(f"{what} must have the CRC32C of its manifest: compile the model again")
    # as texts: a digit in upper case is a changed file
    _compare(what, "the manifest", text_sum(metadata["wingbeat"]), metadata["crc32c"])
    return Manifest.model_validate_json(metadata["wingbeat"])


def _assemble(what: str, manifest: Manifest, tensors: Mapping[str, Bytes]) -> Image:
    regions = tuple(
        Region(r.name, r.start, r.beats, r.striped, r.writable) for r in manifest.regions
    )
    try:
        memory = MemoryMap.of(regions)
    except ImageError as error:
        raise ImageError(f"{what}: {error}") from None
    expected = {f"region.{r.name}" for r in manifest.regions if r.crc32c is not None}
    expected |= {"program", "tokenizer"}
    if set(tensors) != expected:
        odd = _short(min(set(tensors) ^ expected))
        raise ImageError(f"{what} must hold what its manifest names, and differs in `{odd}`")
    contents = {}
    for entry, region in zip(manifest.regions, regions, strict=True):
        if entry.crc32c is None:
            continue
        data = tensors[f"region.{entry.name}"]
        ports = manifest.config.ports if entry.striped else 1
        shape = (ports, region.bytes_per_port)
        if data.shape != shape:
            raise ImageError(
                f"{what}: region `{entry.name}` must be {shape[0]} x {shape[1]} bytes, "
                f"not {' x '.join(map(str, data.shape))}"
            )
        _check(what, f"region `{entry.name}`", data, entry.crc32c)
        contents[entry.name] = data
    code = tensors["program"]
    if code.ndim != 2 or code.shape[1] != INSTRUCTION_BYTES:
        raise ImageError(f"{what}: the program must be words of {INSTRUCTION_BYTES} bytes")
    if len(manifest.program.purposes) != len(code):
        raise ImageError(f"{what}: every instruction of the program must have its purpose")
    _check(what, "the program", code, manifest.program.crc32c)
    _check(what, "the tokenizer", tensors["tokenizer"], manifest.tokenizer_crc32c)
    arguments = tuple(
        Argument(a.name, a.register_, a.low, a.high, a.meaning) for a in manifest.program.arguments
    )
    try:
        program = Program.decode(code, arguments)
    except EncodingError as error:
        raise ImageError(f"{what}: {error}") from None
    return Image(manifest, program, memory, contents, _inflate(what, tensors["tokenizer"]))


def _check(what: str, part: str, data: Bytes, expected: int) -> None:
    _compare(what, part, f"{crc32c(data):08x}", f"{expected:08x}")


def _compare(what: str, part: str, found: str, expected: str) -> None:
    if found != expected:
        raise ImageError(
            f"{what}: {part} must have CRC32C {_short(expected)}, not {found}: the file is damaged"
        )


def _inflate(what: str, packed: Bytes) -> str:
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(packed.tobytes(), _LARGEST_TOKENIZER)
        if inflater.unconsumed_tail:
            raise ImageError(f"{what}: the tokenizer must be at most {_LARGEST_TOKENIZER} bytes")
        if not inflater.eof or inflater.unused_data:
            raise ImageError(f"{what}: the tokenizer must be one deflated text, and ends elsewhere")
        return text.decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise ImageError(f"{what}: the tokenizer must be deflated JSON: {error}") from None


def _reason(error: BaseException) -> str:
    return _short(str(error)) or type(error).__name__


def _short(text: str) -> str:
    """Make one line of a text that may quote what is in the file."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_REASON else line[:_LONGEST_REASON] + " ..."
