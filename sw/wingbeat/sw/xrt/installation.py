"""Where XRT is installed."""

from __future__ import annotations

import os
from pathlib import Path

from wingbeat.sw.xrt.library import LIBRARY

FOLDERS = (Path("/opt/xilinx/xrt"), Path("/usr"))
"""Where it is looked for unless XILINX_XRT says where it is; the library lies in `lib` there."""


def environment() -> dict[str, str]:
    """Return the variables that a process needs to load XRT, beside those of this process.

    XRT loads its parts from `$XILINX_XRT/lib`.
    """
    variables = dict(os.environ)
    root = variables.get("XILINX_XRT") or next(
        (str(folder) for folder in FOLDERS if (folder / "lib" / LIBRARY).exists()), None
    )
    if root is not None:
        paths = [str(Path(root) / "lib"), variables.get("LD_LIBRARY_PATH", "")]
        variables["XILINX_XRT"] = root
        variables["LD_LIBRARY_PATH"] = ":".join(path for path in paths if path)
    return variables
