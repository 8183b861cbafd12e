"""`src.train` with the real libraries: a tiny model learns by SFT and DPO, goes on after a kill, and loads again.

Needs requirements-consumers.txt; run by scripts/check-consumers.
"""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Done, command, environment, read_rows, write_rows

peft = pytest.importorskip("peft")
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("trl")

pytestmark = pytest.mark.filterwarnings("default")  # the libraries' own warnings are not ours to mend


@pytest.fixture(scope="module")
def files(made: Path) -> Path:
    """The folder with training files of the records: sft.jsonl and pref.jsonl, and four rows each to check by."""
    for mode in ("sft", "pref"):
        told = ("--mode", mode, "--template", "predictions", "--output", f"{mode}.jsonl")
        records = ("--input", "data/rehearsal/records.jsonl")
        assert command("postprocess", *records, *told, folder=made).returncode == 0
        write_rows(made / f"{mode}-check.jsonl", read_rows(made / f"{mode}.jsonl")[:4])
    return made


def trained(folder: Path, model: str, output: str, *arguments: object, input: str = "sft.jsonl") -> Done:
    told = ("--input", input, "--base", model, "--output", output, "--batch", 8, "--rows-at-once", 4)
    return command("train", *told, *arguments, folder=folder)


def weights(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = peft.AutoPeftModelForCausalLM.from_pretrained(str(folder)).state_dict()
    return {name: value for name, value in found.items() if "lora_" in name}


@pytest.mark.parametrize(("mode", "kind"), [("sft", "SFT"), ("pref", "DPO")])
def test_a_model_learns_and_loads_again(files: Path, model: str, mode: str, kind: str) -> None:
    rate = ("--learning-rate", 0.01, "--epochs", 4, "--validation", f"{mode}-check.jsonl")
    done = trained(files, model, f"by-{mode}", *rate, input=f"{mode}.jsonl")
    assert done.returncode == 0, done.stderr
    said = [float(loss) for loss in re.findall(r"step \d+ of 12, loss ([\d.]+),", done.stderr)]
    assert len(said) == 12
    assert said[-1] < said[0]
    assert json.loads((files / f"by-{mode}/training.json").read_text())["kind"] == kind
    assert any(value.abs().sum() > 0 for name, value in weights(files / f"by-{mode}").items() if "lora_B" in name)
    assert "on the validation rows" in (files / f"by-{mode}/README.md").read_text()


def test_a_killed_training_goes_on_and_ends_where_an_unbroken_one_ends(files: Path, model: str) -> None:
    told = ("--learning-rate", 0.01, "--epochs", 10)
    base = ("--input", "sft.jsonl", "--base", model, "--batch", "8", "--rows-at-once", "4")
    process = subprocess.Popen(
        [sys.executable, "-m", "src.train", *base, *map(str, told), "--output", "killed"], cwd=files, env=environment()
    )
    until = time.monotonic() + 90
    while not list(files.glob("killed/checkpoints/checkpoint-*/trainer_state.json")) and time.monotonic() < until:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (files / "killed/README.md").exists()
    again = trained(files, model, "killed", *told, "--resume")
    assert again.returncode == 0, again.stderr
    assert "step 1 of 30" not in again.stderr
    assert trained(files, model, "unbroken", *told).returncode == 0
    ended, meant = weights(files / "killed"), weights(files / "unbroken")
    assert all(torch.allclose(ended[name], meant[name], atol=1e-5) for name in meant)


def test_pairs_are_learnt_on_top_of_an_adapter_and_the_whole_can_be_served(files: Path, model: str) -> None:
    assert trained(files, model, "first", "--learning-rate", 0.01).returncode == 0
    done = trained(files, "first", "second", "--merge", input="pref.jsonl")
    assert done.returncode == 0, done.stderr
    assert "transformers serve second/merged" in done.stdout
    whole = transformers.AutoModelForCausalLM.from_pretrained(str(files / "second/merged"))
    adapted = peft.AutoPeftModelForCausalLM.from_pretrained(str(files / "second"))
    tokens = torch.tensor([[1, 2, 3, 4, 5]])
    with torch.no_grad():
        assert torch.allclose(whole(tokens).logits, adapted(tokens).logits, atol=1e-4)
        first = peft.AutoPeftModelForCausalLM.from_pretrained(str(files / "first"))
        with adapted.disable_adapter():
            assert torch.allclose(first(tokens).logits, adapted(tokens).logits, atol=1e-4)


@pytest.mark.parametrize("mode", ["sft", "pref"])
def test_all_weights_can_be_trained(files: Path, model: str, mode: str) -> None:
    told = ("--full", "--learning-rate", 0.01, "--limit", 16)
    done = trained(files, model, f"whole-{mode}", *told, input=f"{mode}.jsonl")
    assert done.returncode == 0, done.stderr
    before, after = (
        transformers.AutoModelForCausalLM.from_pretrained(place).state_dict()
        for place in (model, str(files / f"whole-{mode}"))
    )
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_rows_longer_than_the_base_can_take_in_are_refused(files: Path, model: str) -> None:
    done = trained(files, model, "long", "--max-length", 200)
    assert done.returncode == 1
    assert "24 of 24 rows have more than 200 tokens" in done.stderr
    assert not (files / "long").exists()


def test_a_template_that_leaves_out_thoughts_is_found_out(files: Path, model: str) -> None:
    told = ("--input", "data/rehearsal/records.jsonl", "--mode", "sft", "--output", "thoughts.jsonl")
    assert command("postprocess", *told, folder=files).returncode == 0
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    assert "message['content']" in tokenizer.chat_template
    tokenizer.chat_template = tokenizer.chat_template.replace(
        "message['content']", "message['content'].split('</think>')[-1]"
    )
    shutil.copytree(model, files / "thoughtless")
    tokenizer.save_pretrained(str(files / "thoughtless"))
    done = trained(files, "thoughtless", "out-of-thoughts", input="thoughts.jsonl")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "does not write answers as they are" in done.stderr


def test_a_template_that_takes_no_such_chat_is_found_out(files: Path, model: str) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    refusal = "{% if messages[0]['role'] == 'assistant' %}{{ raise_exception('the user begins') }}{% endif %}"
    tokenizer.chat_template = refusal + tokenizer.chat_template
    shutil.copytree(model, files / "strict")
    tokenizer.save_pretrained(str(files / "strict"))
    told = ("--control", "plain", "--user-form")
    done = trained(files, "strict", "out-of-order", *told, input="in.jsonl")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 2)  # the first tells what was read
    assert "takes no chat of assistant user" in done.stderr
    assert "the user begins" in done.stderr


def test_what_is_no_chat_model_is_refused_in_one_sentence(files: Path, model: str) -> None:
    mute = files / "mute"
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    tokenizer.chat_template = None
    tokenizer.save_pretrained(str(mute))
    (files / "empty").mkdir()
    (files / "broken.gguf").write_bytes(b"GGUF and no more")
    for name, told in (
        ("mute", "chat template"),
        ("empty", "no tokenizer"),
        ("gone.gguf", "no model file"),
        ("broken.gguf", "no tokenizer"),
    ):
        done = trained(files, name, "out-of-nothing")
        assert (done.returncode, done.stdout) == (1, ""), name
        assert told in done.stderr, done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr
    assert not (files / "out-of-nothing").exists()
