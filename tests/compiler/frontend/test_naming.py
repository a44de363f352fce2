from hypothesis import given
from hypothesis import strategies as st

from wingbeat.compiler.frontend.naming import LONGEST, quoted


def test_plain_names_are_unchanged() -> None:
    assert quoted("blk.0.attn_q.weight") == "`blk.0.attn_q.weight`"


def test_control_characters_are_escaped() -> None:
    assert quoted("a\n\x1b\u202e") == r"`a\n\x1b\u202e`"


@given(st.text(max_size=300))
def test_one_printable_line_of_bounded_length(text: str) -> None:
    shown = quoted(text)
    assert shown.isprintable()
    assert len(shown) <= LONGEST + 5
