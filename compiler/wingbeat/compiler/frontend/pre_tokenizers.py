"""How byte-level BPE cuts text into words before it merges within each word.

GGUF names the rule in `tokenizer.ggml.pre`. The names and what they stand for are those of
`llm_tokenizer_bpe` in llama-vocab.cpp of https://github.com/ggml-org/llama.cpp; a model cut in
another way than it was trained with still runs, and is quietly worse. So a name that is not in
this table is refused.
"""

from __future__ import annotations

from tokenizers import Regex, pre_tokenizers

from wingbeat.compiler.frontend.naming import quoted
from wingbeat.hw.errors import ModelError

_GPT_2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"

# Llama 3 and Qwen 2 differ in how many digits make a word
_LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_QWEN_2 = _LLAMA_3.replace(r"\p{N}{1,3}", r"\p{N}")

_RULES: dict[str, tuple[str, ...]] = {
    "default": (r"[\p{P}\$\+<=>\^~\|]+", _GPT_2, r"\p{N}+", "[0-9][0-9][0-9]"),
    "gpt-2": (_GPT_2,),
    "llama-bpe": (_LLAMA_3,),
    "qwen2": (_QWEN_2,),
    "smollm": (r"\p{N}", _GPT_2),
}
"""Patterns applied one after another; each match, and each stretch between matches, is a word."""


def pre_tokenizer(name: str) -> pre_tokenizers.PreTokenizer:
    """Return the rule that GGUF calls `name`, ending in the mapping from bytes to characters.

    Raises
    ------
    ModelError
        For a name that is not supported, listing those that are.
    """
    if name not in _RULES:
        raise ModelError(
            f"metadata `tokenizer.ggml.pre` must be one of {', '.join(_RULES)}, not {quoted(name)}"
        )
    splits = [pre_tokenizers.Split(Regex(rule), "isolated") for rule in _RULES[name]]
    to_characters = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return pre_tokenizers.Sequence([*splits, to_characters])
