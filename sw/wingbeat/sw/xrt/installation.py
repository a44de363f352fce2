"""Where XRT is installed."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

from wingbeat.hw.errors import DeviceError
from wingbeat.sw.cache import cache_folder
from wingbeat.sw.xrt.library import LIBRARY

AMD = Path("/opt/xilinx/xrt")
"""Where AMD's package puts it."""

DEBIAN = Path("/usr/lib") / (sysconfig.get_config_var("MULTIARCH") or "")
"""Where Debian's package puts its libraries."""


def variables() -> dict[str, str]:
    """Return the variables of the environment by which a program finds XRT and its parts.

    XRT looks for its parts in `$XILINX_XRT/lib`.

    Raises
    ------
    DeviceError
        If it is not installed.
    """
    root = _root()
    paths = [str(root / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
    return {
        "XILINX_XRT": str(root),
        "LD_LIBRARY_PATH": ":".join(path for path in paths if path),
    }


def _root() -> Path:
    named = os.environ.get("XILINX_XRT")
    for folder in (Path(named),) if named else (AMD,):
        if (folder / "lib" / LIBRARY).exists():
            return folder
    if named:
        raise DeviceError(f"XILINX_XRT must name a folder with lib/{LIBRARY}, not `{named}`")
    if (DEBIAN / LIBRARY).exists():
        return _with_lib(DEBIAN)
    raise DeviceError(
        f"XRT must be installed: {LIBRARY} is neither in {AMD / 'lib'} nor in {DEBIAN} "
        "(Debian: apt install libxrt1), and XILINX_XRT does not say where it is"
    )


def _with_lib(folder: Path) -> Path:
    """Return a folder whose `lib` is another folder."""
    root = cache_folder() / "xrt"
    root.mkdir(parents=True, exist_ok=True)
    link = root / "lib"
    if not link.exists():
        aside = root / f"lib.{os.getpid()}"
        aside.symlink_to(folder)
        aside.replace(link)
    return root
