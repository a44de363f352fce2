from hypothesis import given
from hypothesis import strategies as st

from wingbeat.compiler.frontend.naming import LONGEST, as_text, quoted


def test_plain_names_are_unchanged() -> None:
    assert quoted("blk.0.attn_q.weight") == "`blk.0.attn_q.weight`"


def test_names_of_files_are_unicode() -> None:
    assert as_text("model ü.gguf") == "model ü.gguf"
    assert as_text("m\udcff\udce9.gguf") == "m\ufffd\ufffd.gguf"


def test_control_characters_are_escaped() -> None:
    assert quoted("a\n\x1b\u202e") == r"`a\n\x1b\u202e`"


@given(st.text(max_size=300))
def test_one_printable_line_of_bounded_length(text: str) -> None:
    shown = quoted(text)
    assert shown.isprintable()
    assert len(shown) <= LONGEST + 5
