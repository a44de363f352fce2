"""An image file in parts, so that it can be put together again with anything in them."""

from __future__ import annotations

import copy
import json
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import google_crc32c

from wingbeat.compiler.image import text_sum
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.errors import WingbeatError


@dataclass
class Parts:
    """What a safetensors file of an image consists of.

    Attributes
    ----------
    header : name of each tensor to its type, shape and place
    manifest : JSON as Python objects
    tensors : bytes of each tensor, by name
    """

    header: dict[str, Any]
    manifest: Any
    tensors: dict[str, bytes]

    @classmethod
    def of(cls, raw: bytes) -> Parts:
        """Take a sound file apart."""
        size = struct.unpack_from("<Q", raw)[0]
        header = json.loads(raw[8 : 8 + size])
        manifest = json.loads(header.pop("__metadata__")["wingbeat"])
        tensors = {}
        for name, entry in header.items():
            start, stop = entry["data_offsets"]
            tensors[name] = raw[8 + size + start : 8 + size + stop]
        return cls(header, manifest, tensors)

    def copy(self) -> Parts:
        """Return parts that can be changed; the tensors' bytes are shared."""
        return Parts(copy.deepcopy(self.header), copy.deepcopy(self.manifest), dict(self.tensors))

    def resize(self, name: str, data: bytes, shape: list[int]) -> None:
        """Replace a tensor and move those behind it."""
        self.tensors[name] = data
        self.header[name]["shape"] = shape
        at = 0
        for other, content in self.tensors.items():
            self.header[other]["data_offsets"] = [at, at + len(content)]
            at += len(content)

    def seal(self) -> None:
        """Make digest and check sums right, as far as there are places for them."""
        try:
            config = AcceleratorConfig.parse(self.manifest["config"])
            self.manifest["config_digest"] = config.digest
        except (WingbeatError, KeyError, TypeError):
            pass
        for holder, key, name in self._sums():
            if isinstance(holder, dict) and holder.get(key) is not None and name in self.tensors:
                holder[key] = int(google_crc32c.value(self.tensors[name]))

    def _sums(self) -> list[tuple[Any, str, str]]:
        if not isinstance(self.manifest, dict):
            return []
        regions = self.manifest.get("regions")
        found = [
            (entry, "crc32c", f"region.{entry.get('name')}")
            for entry in (regions if isinstance(regions, list) else [])
            if isinstance(entry, dict)
        ]
        program = self.manifest.get("program")
        return [
            *found,
            (program, "crc32c", "program"),
            (self.manifest, "tokenizer_crc32c", "tokenizer"),
        ]

    def file(self, manifest: str | None = None, length: int | None = None) -> bytes:
        """Put the file together; `manifest` is its text, `length` what the header claims to be."""
        text = json.dumps(self.manifest) if manifest is None else manifest
        metadata = {"wingbeat": text, "crc32c": text_sum(text)}
        header = json.dumps({"__metadata__": metadata, **self.header}).encode()
        header += b" " * (-len(header) % 8)
        size = len(header) if length is None else length
        return struct.pack("<Q", size) + header + b"".join(self.tensors.values())


def bomb(size: int) -> bytes:
    """Zeros, deflated to a thousandth."""
    return zlib.compress(bytes(size), 9)
