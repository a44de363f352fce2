"""What a process does before and while XRT emulates a card; on a real card, nothing.

XRT's side of the emulation has no deadlines of its own: without a device process it waits for
minutes and ends the process, and when the device process dies it reads for ever.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

from wingbeat.hw.errors import DeviceError

GONE = 75
"""Exit code of a process whose emulated card has gone."""

_NUDGE = 0.02
"""Seconds between two signals that end a sleep of XRT."""

_locks: list[int] = []
"""Descriptors of the files that this process has locked; they are closed when it ends."""


def emulated() -> bool:
    """Return whether XRT is to emulate cards."""
    return "XCL_EMULATION_MODE" in os.environ


def claim() -> None:
    """Become the only process that uses the emulated card; DeviceError if there is another."""
    if not emulated():
        return
    path = Path(os.environ.get("EMCONFIG_PATH", ".")) / "client.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 20).decode() or "another"
        os.close(descriptor)
        raise DeviceError(f"the card must be free, and process {holder} has it") from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getppid()).encode())
    _locks.append(descriptor)


def watch() -> None:
    """End this process as soon as the device process ends; DeviceError if none answers now."""
    if not emulated():
        return
    path = socket_path()
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        raise DeviceError(
            f"an emulated card must answer at {path}, and does not ({error.strerror}): "
            "`wingbeat board emulate` starts one"
        ) from None

    def wait() -> None:
        with contextlib.suppress(OSError):
            connection.recv(1)
        os._exit(GONE)

    threading.Thread(target=wait, daemon=True).start()


def socket_path() -> Path:
    """Return where XRT looks for the device process."""
    return Path("/tmp") / os.environ.get("USER", "") / os.environ.get("EMULATION_SOCKETID", "")


@contextlib.contextmanager
def awake() -> Iterator[None]:
    """Keep XRT from sleeping in the main thread, meanwhile.

    While it waits for its own scheduler, which takes microseconds, it sleeps for ten seconds. A
    signal ends a sleep, and harms nothing else that it does then.
    """
    if not emulated():
        yield
        return
    done = threading.Event()
    signal.signal(signal.SIGUSR1, lambda *_: None)
    main = threading.main_thread().ident
    assert main is not None, "the main thread runs"

    def nudge() -> None:
        while not done.wait(_NUDGE):
            signal.pthread_kill(main, signal.SIGUSR1)

    thread = threading.Thread(target=nudge, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        _tidy()


def _tidy() -> None:
    """Remove the log that XRT begins beside the program that it runs in, here the interpreter."""
    with contextlib.suppress(OSError):
        Path("/proc/self/exe").resolve().with_name("emulation_debug.log").unlink()
