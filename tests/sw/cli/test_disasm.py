import re
from pathlib import Path

from tests.sw.cli.terminal import wingbeat

from wingbeat.compiler.image import Image


def test_every_instruction_has_a_line_with_its_purpose(image_file: Path, short: Image) -> None:
    ended = wingbeat("disasm", image_file)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    arguments = [line for line in lines if line.startswith("; r")]
    assert len(arguments) == len(short.program.arguments)
    assert any(re.match(r"; r\d+ = known, \d+ to 64: ", line) for line in arguments)
    body = lines[len(arguments) :]
    assert len(body) == len(short.program.instructions)
    for line, purpose in zip(body, short.manifest.program.purposes, strict=True):
        assert line.endswith(f"; {purpose}")


def test_verbose_shows_fields(image_file: Path) -> None:
    short, verbose = wingbeat("disasm", image_file), wingbeat("disasm", image_file, "-v")
    assert set(short.out.splitlines()) < set(verbose.out.splitlines())
    assert "\n        operation = HALT " in verbose.out
