"""What fuzzing model files and image files has in common: damage, bounds, counts."""

import dataclasses
import itertools
import random
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS = 1.0
"""Processor time that one file may take; a sound one takes 0.003, a deflated bomb 0.25."""

COUNTS = [0, 1, 255, 1 << 16, 1 << 20, 1 << 21, 1 << 31, (1 << 32) - 1, 1 << 62, (1 << 64) - 1]


def damaged(sound: bytes, header: int, rng: random.Random) -> bytes:
    """Return one damaged copy; four places in five lie within the first `header` bytes."""
    raw = bytearray(sound)
    for _ in range(rng.choice([1, 1, 2, 4])):
        at = rng.randrange(min(header, len(raw)) if rng.random() < 0.8 else len(raw))
        other = rng.randrange(len(raw))
        size = rng.choice([1, 4, 8, rng.randrange(1, 200)])
        match rng.randrange(8):
            case 0 | 1:
                raw[at] ^= 1 << rng.randrange(8)
            case 2:
                raw[at] = rng.choice([0, 1, 0x7F, 0x80, 0xFF])
            case 3 | 4:
                at = length_field(raw, at)
                raw[at : at + 8] = rng.choice(COUNTS).to_bytes(8, "little")
            case 5:
                raw[at : at + size] = raw[other : other + size]
            case 6:
                raw[at:at] = raw[other : other + size]
            case _:
                del raw[at : at + (size if rng.random() < 0.5 else len(raw))]
        if not raw:
            break
    return bytes(raw)


def length_field(raw: bytearray, start: int) -> int:
    """Return the next place that looks like a 64-bit length or count: small, zeros above."""
    for at in range(start, min(start + 200, len(raw) - 8)):
        if raw[at] and not any(raw[at + 3 : at + 8]):
            return at
    return start


@contextmanager
def bounded_memory(extra: int) -> Iterator[None]:
    """Let the process map `extra` bytes more than it has now; beyond that is a MemoryError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + extra, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@dataclasses.dataclass
class Outcome:
    """What became of the files of one run, and the processor seconds of the slowest."""

    accepted: int = 0
    refused: int = 0
    slowest: float = 0.0

    def __str__(self) -> str:
        counts = f"{self.accepted} accepted, {self.refused} refused"
        return f"{counts}, the slowest in {self.slowest:.3f} s"

    def attempt(
        self, read: Callable[[Path], None], path: Path, family: type[Exception], case: str
    ) -> None:
        """Read one file; whatever is not of the family comes through, with the case in a note."""
        start = time.process_time()
        try:
            read(path)
        except family as error:
            assert str(error) and "\n" not in str(error), f"{case}: {error}"
            self.refused += 1
        except BaseException as error:  # a panic of a Rust package is no Exception
            error.add_note(f"fuzz case {case}")
            raise
        else:
            self.accepted += 1
        seconds = time.process_time() - start
        assert seconds < SECONDS, f"case {case} took {seconds:.3f} s"
        self.slowest = max(self.slowest, seconds)


def leaking(read: Callable[[Path], None], after: int) -> Callable[[Path], None]:
    """Read the first `after` files, which are sound ones; at each that follows, a KeyError."""
    left = itertools.count(after, -1)

    def one(path: Path) -> None:
        if next(left) <= 0:
            raise KeyError(path)
        read(path)

    return one
