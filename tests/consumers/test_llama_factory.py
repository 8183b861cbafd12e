"""LLaMA-Factory's own loader takes the files with the entries that stand beside them.

Needs requirements-llama-factory.txt (its pins exclude those of TRL's newest); run by scripts/check-consumers.
"""

import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from ..conftest import command, dialogue, write_rows

try:
    import torchaudio  # noqa: F401
except (ImportError, OSError):  # its usual build wants CUDA; the loader imports it for sound, of which there is none
    sys.modules["torchaudio"] = importlib.util.module_from_spec(importlib.machinery.ModuleSpec("torchaudio", None))

pytest.importorskip("llamafactory")
tokenizers = pytest.importorskip("tokenizers")
transformers = pytest.importorskip("transformers")

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("made")
    write_rows(folder / "in.jsonl", [dialogue(number) for number in range(12)])
    assert command("rehearsal", "--input", "in.jsonl", folder=folder).returncode == 0
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    special = ["<|im_start|>", "<|im_end|>", "<|pad|>"]
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=600, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train([str(folder / "data/rehearsal/records.jsonl")], trainer)
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|pad|>")
    fast.save_pretrained(str(folder / "tiny"))
    return folder


@pytest.mark.parametrize(("mode", "name"), [("pref", "sharegpt"), ("sft", "messages"), ("sft", "sharegpt")])
@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_its_loader_reads_the_file_by_its_entry(
    made: Path, mode: str, name: str, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llamafactory.data import get_dataset, get_template_and_fix_tokenizer  # noqa: PLC0415
    from llamafactory.hparams import get_train_args  # noqa: PLC0415

    stage = "rm" if mode == "pref" else "sft"  # so its loader calls data with two sides
    monkeypatch.chdir(made)
    records = ("--input", "data/rehearsal/records.jsonl", "--output", f"lf/{mode}-{name}.{ending}")
    assert command("postprocess", *records, "--mode", mode, "--format", name, folder=made).returncode == 0
    told: dict[str, Any] = {
        "model_name_or_path": str(made / "tiny"),
        "stage": "dpo" if stage == "rm" else stage,
        "do_train": True,
        "finetuning_type": "lora",
        "dataset_dir": str(made / "lf"),
        "dataset": f"{mode}-{name}",
        "template": "qwen3",
        "cutoff_len": 4096,
        "output_dir": str(made / "out"),
        "overwrite_cache": True,
        "report_to": "none",
        "bf16": False,
        "use_cpu": True,
    }
    model_args, data_args, training_args, _, _ = get_train_args(told)
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(made / "tiny"))
    template = get_template_and_fix_tokenizer(tokenizer, data_args)
    parts = {"tokenizer": tokenizer, "processor": None}
    rows = get_dataset(template, model_args, data_args, training_args, stage=stage, **parts)["train_dataset"]
    assert len(rows) == 12
    said = tokenizer.decode(rows[0]["chosen_input_ids" if stage == "rm" else "input_ids"])
    assert "Foresee what the user will say next" in said
    assert said.count("<predict>") >= 4
