"""A real model's log probabilities, as `src.evaluate --weights` has them; needs torch, transformers and sacrebleu."""

import math
from pathlib import Path
from typing import Any

import pytest

from src.dialogues.turns import Turn

from ..conftest import command, turns, write_rows

sacrebleu = pytest.importorskip("sacrebleu")
tokenizers = pytest.importorskip("tokenizers")
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

pytestmark = pytest.mark.filterwarnings("default")  # the libraries' own warnings are not ours to mend

CHAT = (
    "{% if messages[0]['role'] == 'assistant' %}{{ raise_exception('the user begins') }}{% endif %}"
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
HISTORY = tuple(Turn.model_validate(turn) for turn in turns("Which oil is best?", "Peanut oil.", "Why?", "It is hot."))
SAID = ["Thanks!", "And for salads, which oil is best?", "好的，谢谢", "T"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model with random weights whose tokens are bytes."""
    folder: Path = tmp_path_factory.mktemp("models") / "tiny-0.1"
    special = ["<|end|>", "<|user|>", "<|assistant|>", "<|system|>"]
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=300, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(SAID, trainer)
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>")
    fast.chat_template = CHAT
    fast.save_pretrained(folder)
    torch.manual_seed(1)
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = transformers.LlamaConfig(vocab_size=len(fast), max_position_embeddings=512, **size)
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def test_likelihoods_are_those_of_the_whole_text_read_at_once(model: Path) -> None:
    from src.predicting.evaluating.models import Weights  # noqa: PLC0415 (needs torch)

    weights = Weights(str(model), 512, user_form=False)
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(model)
    whole: Any = transformers.AutoModelForCausalLM.from_pretrained(model).eval()
    prompt = "".join(f"<|{turn.role}|>{turn.content}<|end|>" for turn in HISTORY) + "<|assistant|>"
    for said, found in zip(SAID, weights.of(HISTORY, SAID), strict=True):
        before, after = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in (prompt, said))
        with torch.no_grad():
            logits = whole(torch.tensor([before + after])).logits[0]
        spread = torch.log_softmax(logits, dim=-1)
        expected = sum(float(spread[len(before) + place - 1, token]) for place, token in enumerate(after))
        assert found.tokens == len(after)
        assert found.nats == pytest.approx(expected, rel=1e-4)
    turned = Weights(str(model), 512, user_form=True).of(HISTORY, SAID)
    assert turned[0].nats != pytest.approx(weights.of(HISTORY, SAID)[0].nats)


def test_a_long_history_is_cut_and_an_empty_one_is_asked_about(model: Path) -> None:
    from src.predicting.evaluating.models import Weights  # noqa: PLC0415 (needs torch)

    most = len(Weights(str(model), 512, user_form=False).prompt(HISTORY)) - 1
    weights = Weights(str(model), most, user_form=False)
    assert weights.prompt(HISTORY) == weights.prompt(HISTORY[2:])
    assert all(math.isfinite(each.nats) for each in weights.of((), SAID))


def test_weights_stand_beside_predictions_of_their_name(model: Path, tmp_path: Path) -> None:
    rows = [
        {
            "sample_id": n,
            "item_id": 0,
            "context": turns("Hi", f"In case {n}?"),
            "label": f"Yes, {n}",
            "predictions": ["No"],
        }
        for n in range(12)
    ]
    write_rows(tmp_path / "tiny-0.1.jsonl", rows)
    given = ("--predictions", "tiny-0.1.jsonl", "--weights", model, "--resamples", 100)
    done = command("evaluate", *given, "--output", "report", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in ("chrf_best", "perplexity", "context_nats", "first_of_10_gain"):
        assert f"  {name} " in done.stdout
    assert done.stdout.count("tiny-0.1") == 1


def test_what_is_no_model_is_a_sentence(tmp_path: Path) -> None:
    row = {"sample_id": 1, "item_id": 0, "context": turns("Hi", "Hello"), "label": "Yes", "predictions": ["No"]}
    write_rows(tmp_path / "a.jsonl", [row])
    (tmp_path / "empty").mkdir()
    done = command("evaluate", "--predictions", "a.jsonl", "--weights", "empty", folder=tmp_path)
    assert done.returncode == 1
    assert "empty has no tokenizer that transformers can read" in done.stderr
