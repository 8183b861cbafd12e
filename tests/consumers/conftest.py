"""What tests of real consumers share: rehearsed records, and a model too small to know anything."""

import os
from pathlib import Path

import pytest

from ..conftest import command, dialogue, write_rows

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # torch's threads take the cores from one another else

CHAT = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the rehearsal has made records of 24 dialogues."""
    folder = tmp_path_factory.mktemp("made")
    write_rows(folder / "in.jsonl", [dialogue(number) for number in range(24)])
    assert command("rehearsal", "--input", "in.jsonl", folder=folder).returncode == 0
    return folder


@pytest.fixture(scope="module")
def model(made: Path) -> str:
    """A tiny model with random weights, and a tokenizer trained on the records."""
    tokenizers, transformers = map(pytest.importorskip, ("tokenizers", "transformers"))
    special = ["<|user|>", "<|assistant|>", "<|system|>", "<|end|>", "<|pad|>"]
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=600, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train([str(made / "data/rehearsal/records.jsonl")], trainer)
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|pad|>")
    fast.chat_template = CHAT
    shape = transformers.Qwen2Config(
        vocab_size=len(fast),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
    )
    place = str(made / "tiny")
    transformers.Qwen2ForCausalLM(shape).save_pretrained(place)
    fast.save_pretrained(place)
    return place
