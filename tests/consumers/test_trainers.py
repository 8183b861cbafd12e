"""The real consumers take the files as they are: datasets, TRL with peft, LLaMA-Factory.

Needs requirements-consumers.txt; run by scripts/check-consumers.
"""

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from src.training.formats import NAMES

from ..conftest import ROOT, command

datasets = pytest.importorskip("datasets")
pytest.importorskip("torch")
trl = pytest.importorskip("trl")

pytestmark = pytest.mark.filterwarnings("default")  # the consumers' own warnings are not ours to mend


def post(folder: Path, *arguments: object) -> None:
    done = command("postprocess", "--input", "data/rehearsal/records.jsonl", *arguments, folder=folder)
    assert done.returncode == 0, done.stderr


def read_by_datasets(path: Path) -> Any:
    kind = "parquet" if path.suffix == ".parquet" else "json"
    return datasets.load_dataset(kind, data_files=str(path), split="train", cache_dir=str(path.parent / "cache"))


@pytest.mark.parametrize("ending", [".json", ".jsonl", ".parquet"])
@pytest.mark.parametrize(("mode", "name"), [(mode, name) for mode, names in NAMES.items() for name in names])
def test_datasets_reads_every_format(made: Path, mode: str, name: str, ending: str) -> None:
    post(made, "--mode", mode, "--format", name, "--output", f"{mode}-{name}{ending}")
    rows = read_by_datasets(made / f"{mode}-{name}{ending}")
    assert len(rows) == 24
    assert all(value for row in rows for value in row.values())


def test_datasets_reads_a_folder_by_its_card(made: Path) -> None:
    post(made, "--mode", "sft", "--split", "train=0.7,test=0.3", "--output", "hub/talk.jsonl")
    read = datasets.load_dataset(str(made / "hub"), "talk", cache_dir=str(made / "cache"))
    assert sum(len(part) for part in read.values()) == 24
    assert set(read) == {"train", "test"}


def settings(folder: Path, **more: Any) -> dict[str, Any]:
    quiet = {"report_to": "none", "use_cpu": True, "disable_tqdm": True, "save_strategy": "no", "logging_steps": 1}
    return {"output_dir": str(folder / "out"), "max_steps": 2, "per_device_train_batch_size": 2, **quiet, **more}


def losses(trainer: Any) -> list[float]:
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def test_the_dpo_trainer_takes_a_step(made: Path, model: str) -> None:
    post(made, "--mode", "pref", "--format", "trl", "--output", "dpo.jsonl")
    rows = read_by_datasets(made / "dpo.jsonl")
    trainer = trl.DPOTrainer(model, args=trl.DPOConfig(**settings(made, max_length=2048)), train_dataset=rows)
    trainer.train()
    assert len(losses(trainer)) == 2
    assert all(map(math.isfinite, losses(trainer)))


@pytest.mark.parametrize("template", ["full", "predictions", "json"])
def test_the_sft_trainer_takes_a_step(made: Path, model: str, template: str) -> None:
    told = ("--mode", "sft", "--format", "trl", "--template", template)
    post(made, *told, "--output", f"sft-{template}.jsonl")
    rows = read_by_datasets(made / f"sft-{template}.jsonl")
    trainer = trl.SFTTrainer(model, args=trl.SFTConfig(**settings(made, max_length=2048)), train_dataset=rows)
    learnt = trainer.train_dataset[0]
    said = trainer.processing_class.decode([label for label in learnt["labels"] if label != -100])
    assert said == rows[0]["completion"][0]["content"] + "<|end|>"  # the answer, and nothing of the question
    trainer.train()
    assert len(losses(trainer)) == 2
    assert all(map(math.isfinite, losses(trainer)))


def test_rows_that_the_trainer_would_cut_are_counted_as_it_counts(made: Path, model: str) -> None:
    told = ("--mode", "sft", "--format", "trl", "--output", "long.jsonl")
    post(made, *told)
    config = trl.SFTConfig(**settings(made, max_length=None))
    rows = trl.SFTTrainer(model, args=config, train_dataset=read_by_datasets(made / "long.jsonl")).train_dataset
    lengths = sorted(len(row["input_ids"]) for row in rows)
    limit = lengths[len(lengths) // 2]
    over = sum(length > limit for length in lengths)
    counted = ("--max-tokens-of", model, "--max-tokens", limit)
    records = ("--input", "data/rehearsal/records.jsonl")
    done = command("postprocess", *records, *told, *counted, folder=made)
    assert f"too long       {over} of more than {limit:,} tokens (longest {lengths[-1]:,})" in done.stdout
    done = command("postprocess", *records, *told, *counted, "--drop-long", folder=made)
    assert f"dropped        {over}: --drop-long" in done.stdout
    assert len((made / "long.jsonl").read_text().splitlines()) == len(lengths) - over


def test_the_recipe_for_trl_runs_as_written(made: Path, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As written, but for the model, of which there is none here, and for what keeps a test short."""
    page = (ROOT / "docs/training.md").read_text(encoding="utf-8")
    (recipe,) = re.findall(r"```python\n(.*?DPOTrainer.*?)```", page, re.DOTALL)
    assert recipe.count('MODEL = "Qwen/Qwen3-0.6B"') == 1
    records = (made / "data/rehearsal/records.jsonl").read_text()
    (made / "data/synthesized_raw").mkdir(parents=True, exist_ok=True)
    (made / "data/synthesized_raw/LMSYS.jsonl").write_text(records)
    split = ("--split", "train=0.7,test=0.3", "--output", "data/processed/LMSYS_trl.jsonl")
    assert command("postprocess", "--mode", "pref", "--format", "trl", *split, folder=made).returncode == 0
    monkeypatch.chdir(made)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(made / "cache"))
    shorter = recipe.replace('"Qwen/Qwen3-0.6B"', repr(model)).replace(
        "DPOConfig(", "DPOConfig(max_steps=1, report_to='none', "
    )
    names: dict[str, Any] = {}
    exec(compile(shorter, "recipe", "exec"), names)
    assert math.isfinite(names["trainer"].state.log_history[0]["train_loss"])
    assert (made / "dpo/adapter_model.safetensors").exists()


SHAREGPT_COLUMNS = {"messages", "system", "tools", "images", "videos", "audios", "chosen", "rejected", "kto_tag"}
SHAREGPT_TAGS = {
    "role_tag",
    "content_tag",
    "user_tag",
    "assistant_tag",
    "observation_tag",
    "function_tag",
    "system_tag",
}


def test_llama_factorys_entries_have_its_documented_columns_and_fit_the_rows(made: Path) -> None:
    post(made, "--mode", "pref", "--output", "lf/pref.json")
    post(made, "--mode", "sft", "--output", "lf/sft.json")
    for name, entry in json.loads((made / "lf/dataset_info.json").read_text()).items():
        assert entry["formatting"] == "sharegpt"
        assert set(entry["columns"]) <= SHAREGPT_COLUMNS
        assert set(entry.get("tags", {})) <= SHAREGPT_TAGS
        assert entry.get("ranking", False) == (name == "pref")
        (first, *_) = json.loads((made / "lf" / entry["file_name"]).read_text())
        tags = {
            "role_tag": "from",
            "content_tag": "value",
            "user_tag": "human",
            "assistant_tag": "gpt",
            **entry.get("tags", {}),
        }
        turns = first[entry["columns"]["messages"]]
        answers = [first[entry["columns"][side]] for side in ("chosen", "rejected") if side in entry["columns"]]
        assert turns[0][tags["role_tag"]] == tags["user_tag"]
        for answer in answers or turns[-1:]:
            assert answer[tags["role_tag"]] == tags["assistant_tag"]
            assert answer[tags["content_tag"]]
