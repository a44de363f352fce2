import re

import pytest
from tests.compiler.frontend import fuzz_gguf
from tests.compiler.frontend.fuzz_gguf import fuzz


def test_500_damaged_files() -> None:
    outcome = fuzz(500, seed=1)
    assert outcome.accepted + outcome.refused == 500
    # were nothing accepted, the rest of the front end would not have been tried
    assert outcome.accepted > 20


def test_the_fuzzer_finds_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    def leaky(path: object) -> None:
        raise KeyError(path)

    real = fuzz_gguf.read_everything
    calls = iter([real, real])
    monkeypatch.setattr(fuzz_gguf, "read_everything", lambda path: next(calls, leaky)(path))
    with pytest.raises(KeyError) as caught:
        fuzz(3, seed=1)
    assert re.search("fuzz case 0 of seed 1", caught.value.__notes__[0])
