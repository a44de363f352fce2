import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wingbeat.hw.errors import DeviceError
from wingbeat.sw.xrt import emulation

SLEEP = 60


@pytest.fixture
def emulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """XRT is to emulate a card that has its files in a folder."""
    monkeypatch.setenv("XCL_EMULATION_MODE", "hw_emu")
    monkeypatch.setenv("EMCONFIG_PATH", str(tmp_path))
    monkeypatch.setenv("EMULATION_SOCKETID", "no_such_card")
    monkeypatch.setenv("USER", "nobody")
    yield tmp_path
    for descriptor in emulation._locks:
        os.close(descriptor)
    emulation._locks.clear()


@pytest.mark.usefixtures("emulated")
def test_a_sleep_of_a_library_is_short() -> None:
    libc = ctypes.CDLL(None)
    with emulation.awake():
        left = libc.sleep(SLEEP)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    assert left > SLEEP / 2


def test_one_process_has_the_card_until_it_ends(emulated: Path) -> None:
    claim = "from wingbeat.sw.xrt.emulation import claim; claim(); print('mine', flush=True)"
    first = subprocess.Popen(
        [sys.executable, "-c", f"{claim}; input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert first.stdin is not None
    assert first.stdout is not None
    assert first.stdout.readline() == "mine\n"
    with pytest.raises(DeviceError, match=f"must be free, and process {os.getpid()} has it"):
        emulation.claim()
    first.kill()
    first.communicate()
    emulation.claim()
    assert (emulated / "client.lock").exists()


@pytest.mark.usefixtures("emulated")
def test_a_card_that_does_not_answer_is_named() -> None:
    with pytest.raises(DeviceError, match="must answer at /tmp/nobody/no_such_card, and"):
        emulation.watch()


def test_a_real_card_needs_none_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XCL_EMULATION_MODE", raising=False)
    monkeypatch.chdir(tmp_path)
    emulation.claim()
    emulation.watch()
    with emulation.awake():
        pass
    assert not list(tmp_path.iterdir())
