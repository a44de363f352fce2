import contextlib
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from tests.sw.cli.terminal import wingbeat

from wingbeat.sw.cli import serve as serve_module

WINGBEAT = Path(sys.executable).parent / "wingbeat"
TEXT: dict[str, Any] = {"model": "tiny", "prompt": "a", "temperature": 0, "max_tokens": 24}


@contextlib.contextmanager
def served(image: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command: list[str | Path] = [WINGBEAT, "serve", image, "--port", "0", *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.search(r"tiny on isa, 2 slots: (http://127\.0\.0\.1:\d+)", line)
            assert found, line
            yield process, found[1]
        finally:
            process.kill()


def test_an_ordered_end_finishes_what_runs_and_refuses_what_waits(image_file: Path) -> None:
    with (
        served(image_file) as (process, url),
        openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
    ):
        whole = client.completions.create(**TEXT).choices[0].text
        with contextlib.ExitStack() as stack:
            # two have the slots, the third one waits
            streams = [
                stack.enter_context(client.completions.create(**TEXT, stream=True))
                for _ in range(3)
            ]
            pieces = [next(streams[0]).choices[0].text]
            process.send_signal(signal.SIGTERM)
            with pytest.raises(openai.APIError, match="must wait for another server"):
                list(streams[2])
            pieces += [chunk.choices[0].text for chunk in streams[0]]
            assert "".join(pieces) == whole
            assert "".join(chunk.choices[0].text for chunk in streams[1]) == whole
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/health")


def test_a_deadline_ends_what_runs_with_an_error(image_file: Path) -> None:
    with (
        served(image_file, "--deadline", "0.1") as (process, url),
        openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
        client.completions.create(**TEXT | {"max_tokens": 60}, stream=True) as stream,
    ):
        next(stream)
        process.send_signal(signal.SIGINT)
        with pytest.raises(openai.APIError, match="it shuts down"):
            list(stream)
        assert process.wait(60) == 0


def test_a_port_that_is_taken_is_one_sentence(image_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = wingbeat("serve", image_file, "--port", str(port))
    assert f"address 127.0.0.1:{port} must be free and of this machine" in ended.complaint


def test_other_machines_are_let_in_with_a_key_only(
    image_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WINGBEAT_API_KEY", raising=False)
    ended = wingbeat("serve", image_file, "--host", "0.0.0.0", "--port", "0")
    assert "--host must be 127.0.0.1 or ::1, not 0.0.0.0, unless" in ended.complaint


def test_slots_of_an_image_are_what_they_are(image_file: Path) -> None:
    ended = wingbeat("serve", image_file, "--port", "0", "--slots", "3")
    assert "--slots must be 2, what the image was compiled for, not 3" in ended.complaint


def test_packages_that_are_missing_are_named(
    image_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve_module, "find_spec", lambda name: None)
    ended = wingbeat("serve", image_file, "--port", "0")
    assert "package `fastapi` must be installed: pip install 'wingbeat[serve]'" in ended.complaint
