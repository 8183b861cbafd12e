"""Training without torch: what is learnt from which file, controls, refusals, the recipe, and what stands beside it."""

import contextlib
import dataclasses
import importlib.util
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from src.basics.command import Stop
from src.pairs.seen import dialogue_mark
from src.training.examples import Example, Message
from src.training.formats import NAMES
from src.training.learning.controls import key_of, shuffled
from src.training.learning.job import train
from src.training.learning.recipe import Device
from src.training.learning.settings import Settings
from src.training.learning.workshop import Learnt, Task

from .conftest import command, dialogue, read_rows, write_rows
from .test_postprocess import post, record

in_folder = pytest.mark.usefixtures("folder")
TORCH = importlib.util.find_spec("torch") is not None


@dataclasses.dataclass
class Words:
    """A base to which each word is a token."""

    most_tokens: int | None = 100_000
    left_out: str = "nothing"

    def tokens_in(self, example: Example) -> int:
        asked = sum(len(message.content.split()) for message in example.prompt)
        return asked + max(len(answer.content.split()) for answer in example.answers)

    def keeps(self, example: Example) -> bool:
        return not any(self.left_out in answer.content for answer in example.answers)


@dataclasses.dataclass
class Pretence:
    """A workshop in which nothing is learnt; it keeps what it was given."""

    device: Device = "cpu"
    known: Words = dataclasses.field(default_factory=Words)
    given: list[Task] = dataclasses.field(default_factory=list)

    def base(self, name: str) -> Words:
        if name == "no-chat":
            raise Stop(f"{name} has no chat template.")
        return self.known

    def learn(self, task: Task) -> Learnt:
        self.given.append(task)
        if task.merge:
            (task.folder / "merged").mkdir()
        return Learnt(task.recipe.base, task.recipe.steps, 90.0, 3.0, 1.5, 1.75 if task.validation else None)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with training files of twenty records in every format."""
    rows = [record(number, chosen=side(number)) for number in range(20)]
    for mode, names in NAMES.items():
        for name in names:
            told = ("--mode", mode, "--format", name, "--output", f"{mode}-{name}.jsonl")
            assert post(tmp_path, *told, rows=rows).returncode == 0
    monkeypatch.chdir(tmp_path)
    return tmp_path


def side(number: int) -> dict[str, Any]:
    """A trajectory like no other one's."""
    view = {"reasoning": "trip -> hotel", "predictions": [f"Where is hotel {number}?", "How much?"]}
    return {
        "intent_tree": {"trip": {"days": str(number)}},
        "utterance_category_reason": {"category": "Question", "reasoning": "it asks"},
        "insight_reason": {"mining_view": view, "explore_view": view},
    }


@dataclasses.dataclass(frozen=True)
class Trained:
    """What the workshop was given, and what was printed."""

    task: Task
    printed: str


def trained(workshop: Pretence | None = None, **told: Any) -> Trained:
    workshop, printed = workshop or Pretence(), io.StringIO()
    told = {"input": ("sft-messages.jsonl",), "base": "tiny", "output": Path("out"), **told}
    with contextlib.redirect_stdout(printed):
        assert train(Settings(**told), workshop) == 0
    return Trained(workshop.given[-1], printed.getvalue())


def stopped(**told: Any) -> str:
    """The sentence with which a training is refused."""
    with pytest.raises(Stop) as stop:
        trained(**told)
    assert "\n" not in str(stop.value)
    return str(stop.value)


# ---------------------------------------------------------------------------------------------- shapes


@in_folder
@pytest.mark.parametrize(("mode", "name"), [(mode, name) for mode, names in NAMES.items() for name in names])
def test_the_files_shape_tells_what_kind_of_training_it_is(mode: str, name: str) -> None:
    task = trained(input=(f"{mode}-{name}.jsonl",)).task
    assert task.recipe.kind == {"pref": "DPO", "sft": "SFT"}[mode]
    assert (task.recipe.rows, len(task.examples)) == (20, 20)
    assert task.recipe.template == "full"
    assert task.examples[0].prompt[0].content.startswith("Foresee")
    assert task.examples[0].answer.content.startswith("<think>")
    assert (task.examples[0].rejected is None) == (mode == "sft")


@pytest.mark.parametrize("ending", ["json", "parquet"])
def test_arrays_and_parquet_are_read_as_lines_are(folder: Path, ending: str) -> None:
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    for mode in NAMES:
        post(folder, "--mode", mode, "--format", "trl", "--output", f"{mode}.{ending}")
        told = trained(input=(f"{mode}.{ending}",), output=Path(f"{mode}-out")).task
        assert told.examples == trained(input=(f"{mode}-trl.jsonl",), output=Path(f"{mode}-trl-out")).task.examples


@pytest.mark.parametrize("template", ["full", "predictions", "json"])
def test_the_template_that_was_learnt_stands_in_the_command_that_predicts(folder: Path, template: str) -> None:
    post(folder, "--mode", "sft", "--template", template, "--output", "t.jsonl")
    done = trained(input=("t.jsonl",))
    assert f"--template {template} --trained-on t.jsonl" in done.printed


# ---------------------------------------------------------------------------------------------- controls


def examples(answers: Sequence[str]) -> list[Example]:
    return [
        Example((Message(role="user", content=f"q{number}"),), Message(role="assistant", content=text))
        for number, text in enumerate(answers)
    ]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    "answers", [["a", "b"], ["a", "a", "b", "b"], ["yes", "Yes!", "no", "maybe", "no"], [str(n % 7) for n in range(50)]]
)
def test_shuffled_answers_all_go_to_others_than_their_like(answers: list[str], seed: int) -> None:
    before = examples(answers)
    after = shuffled(before, seed)
    assert [example.prompt for example in after] == [example.prompt for example in before]
    assert sorted(example.answer.content for example in after) == sorted(answers)
    assert all(key_of(new) != key_of(old) for new, old in zip(after, before, strict=True))


def test_another_seed_shuffles_otherwise_and_the_same_one_alike() -> None:
    before = examples([str(number) for number in range(50)])
    assert shuffled(before, 1) == shuffled(before, 1) != shuffled(before, 2)


@in_folder
def test_of_a_pair_both_sides_go_together() -> None:
    (before, after) = (
        trained(input=("pref-trl.jsonl",), control=control, output=Path(control)).task.examples
        for control in ("none", "shuffled")
    )
    sides = {(example.answer.content, example.rejected) for example in before}
    assert {(example.answer.content, example.rejected) for example in after} == sides
    assert all(new.answer != old.answer for new, old in zip(after, before, strict=True))


def test_answers_that_are_mostly_the_same_cannot_be_shuffled(folder: Path) -> None:
    write_rows(
        folder / "same.jsonl",
        [{"prompt": [{"role": "user", "content": "q"}], "completion": [{"role": "assistant", "content": "yes"}]}] * 3,
    )
    assert "3 of 3 rows have the same answer" in stopped(input=("same.jsonl",), control="shuffled")


@pytest.mark.parametrize("user_form", [False, True])
def test_the_free_rival_learns_real_utterances_in_the_form_that_predict_asks(folder: Path, user_form: bool) -> None:
    write_rows(folder / "talk.jsonl", [dialogue(number) for number in range(6)])
    done = trained(input=("talk.jsonl",), control="plain", user_form=user_form)
    example = done.task.examples[0]
    assert example.answer == Message(role="assistant", content="Could you plan day 2 of garden number 0?")
    assert [message.role for message in example.prompt] == (
        ["assistant", "user"] * 2 if user_form else ["user", "assistant"] * 2
    )
    assert ("--template plain --user-form" in done.printed) == user_form
    assert "--trained-on out/plain.jsonl" in done.printed
    marks = (folder / "out/plain.jsonl.dialogues").read_text().split()
    assert sorted(marks) == sorted(dialogue_mark(number) for number in range(6))


def test_what_the_rival_learnt_can_be_learnt_again_such_as_shuffled(folder: Path) -> None:
    write_rows(folder / "talk.jsonl", [dialogue(number) for number in range(6)])
    first = trained(input=("talk.jsonl",), control="plain", user_form=True).task
    again = trained(input=("out/plain.jsonl",), output=Path("again"))
    assert again.task.examples == first.examples
    assert "--template plain --user-form" in again.printed


def test_records_tell_the_same_real_utterances_as_their_dialogues(folder: Path) -> None:
    write_rows(folder / "in.jsonl", [dialogue(number) for number in range(6)])
    assert command("rehearsal", "--input", "in.jsonl", folder=folder).returncode == 0
    records = trained(input=("data/rehearsal/records.jsonl",), output=Path("a"), control="plain").task
    dialogues = trained(input=("in.jsonl",), output=Path("b"), control="plain").task
    assert {*records.examples} == {*dialogues.examples}


def test_the_rival_can_be_held_to_the_dialogues_of_a_training_file(folder: Path) -> None:
    write_rows(folder / "talk.jsonl", [dialogue(number) for number in range(40)])
    post(folder, "--split", "test=0.5", "--mode", "sft", "--output", "s.jsonl")
    done = trained(input=("talk.jsonl",), control="plain", dialogues_of="s_train.jsonl")
    assert len(done.task.examples) == len(read_rows(folder / "s_train.jsonl")) < 20
    assert (folder / "out/plain.jsonl.dialogues").read_bytes() == (folder / "s_train.jsonl.dialogues").read_bytes()


# ---------------------------------------------------------------------------------------------- recipe, card, resume


def test_the_recipe_is_said_kept_and_on_the_card(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    done = trained(validation=("sft-trl.jsonl",), rank=8, epochs=2.0, batch=8)
    kept = json.loads((folder / "out/training.json").read_text())
    assert kept["kind"] == "SFT"
    assert (kept["rank"], kept["learning_rate"], kept["epochs"], kept["batch"]) == (8, 2e-4, 2.0, 8)
    assert "  learning rate          0.0002" in caplog.messages  # a line of its own
    card = (folder / "out/README.md").read_text()
    assert "learning rate          0.0002" in card
    assert 'base_model: "tiny"' in card
    assert "1.750 on the validation rows" in card
    assert "vllm serve tiny --enable-lora --max-lora-rank 8 --lora-modules out=out" in done.printed
    assert done.task.recipe.steps == 6


@pytest.mark.parametrize(("rows", "batch"), [(20, 1), (96, 2), (640, 10), (5000, 16)])
def test_a_small_file_is_learnt_in_many_small_steps(folder: Path, rows: int, batch: int) -> None:
    write_rows(
        folder / "many.jsonl",
        read_rows(folder / "sft-trl.jsonl") * (rows // 20) + read_rows(folder / "sft-trl.jsonl")[: rows % 20],
    )
    assert trained(input=("many.jsonl",)).task.recipe.batch == batch


@in_folder
@pytest.mark.parametrize(
    ("device", "numbers"), [("cpu", "float32"), ("gpu", "bfloat16"), ("gpu without bf16", "float32")]
)
def test_the_machine_decides_on_numbers_and_memory(device: Device, numbers: str) -> None:
    recipe = trained(Pretence(device)).task.recipe
    assert recipe.numbers == numbers
    assert recipe.recompute_activations == (device != "cpu")


@in_folder
def test_all_weights_are_trained_gently_and_served_whole() -> None:
    done = trained(full=True)
    assert done.task.recipe.rank is None
    assert done.task.recipe.learning_rate == pytest.approx(2e-5)
    assert "transformers serve out\n" in done.printed


@in_folder
def test_a_merged_model_can_be_served_by_anything() -> None:
    done = trained(merge=True)
    assert "transformers serve out/merged" in done.printed
    assert "convert_hf_to_gguf.py out/merged --outfile out.gguf" in done.printed


def test_rehearsed_rows_and_controls_are_warned_about_on_the_card(folder: Path) -> None:
    post(folder, "--mode", "sft", "--output", "r/x.jsonl", rows=[record(n, rehearsal=True) for n in range(4)])
    trained(input=("r/x.jsonl",))
    assert "was rehearsed" in (folder / "out/README.md").read_text()
    trained(control="shuffled", output=Path("control"))
    card = (folder / "control/README.md").read_text()
    assert "learnt the answers of other rows" in card
    assert "rehearsed, without" not in card


@in_folder
def test_fewer_rows_are_drawn_by_seed() -> None:
    first, again, other = (
        trained(limit=5, seed=seed, output=Path(name)).task.examples for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert len(first) == 5
    assert first == again != other


def test_a_stopped_training_goes_on_with_what_it_was(folder: Path) -> None:
    trained()
    assert "--resume goes on" in stopped()
    assert trained(resume=True).task.resume
    assert "(learning_rate 0.0002 -> 0.001)" in stopped(resume=True, learning_rate=1e-3)
    assert json.loads((folder / "out/training.json").read_text())["learning_rate"] == 2e-4


# ---------------------------------------------------------------------------------------------- refusals


def test_rows_that_would_be_cut_off_are_refused_with_the_way_to_leave_them_out(folder: Path) -> None:
    told = stopped(max_length=100)
    assert "20 of 20 rows have more than 100 tokens" in told
    assert "--max-tokens-of tiny --max-tokens 100 --drop-long" in told
    assert not (folder / "out").exists()


@in_folder
def test_a_base_that_takes_in_little_limits_rows_by_itself() -> None:
    with pytest.raises(Stop, match="more than 50 tokens"):
        trained(Pretence(known=Words(50)))


def test_a_base_whose_template_leaves_out_thoughts_is_refused_for_them_alone(folder: Path) -> None:
    thoughtless = Pretence(known=Words(left_out="<think>"))
    with pytest.raises(Stop, match="does not write answers as they are"):
        trained(thoughtless)
    assert not (folder / "out").exists()
    post(folder, "--mode", "sft", "--template", "predictions", "--output", "p.jsonl")
    trained(thoughtless, input=("p.jsonl",))


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], "has no rows"),
        ([{"text": "hello"}], "row 1 is no training row"),
        ([record(1)], "holds records, which are no training rows yet"),
        ([{"messages": [{"role": "user", "content": "x"}]}], "nothing is asked before its answer"),
    ],
)
def test_a_file_of_another_shape_is_refused(folder: Path, rows: list[Any], told: str) -> None:
    write_rows(folder / "odd.jsonl", rows)
    assert told in stopped(input=("odd.jsonl",))
    assert not (folder / "out").exists()


@in_folder
def test_what_cannot_be_trained_together_is_refused() -> None:
    assert "20 of 40 rows are preference pairs" in stopped(input=("sft-trl.jsonl", "pref-trl.jsonl"))
    assert "--validation is for DPO" in stopped(validation=("pref-trl.jsonl",))


def test_a_folder_with_something_else_is_left_as_it_is(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out/thesis.txt").write_text("mine")
    assert "holds something else" in stopped()
    assert [path.name for path in (folder / "out").iterdir()] == ["thesis.txt"]
    (folder / "file").write_text("x")
    assert "is a file" in stopped(output=Path("file"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--input", "gone.json", "--base", "b"), "no training file gone.json"),
        (("--input", "sft-trl.jsonl"), "--base"),
        (("--input", "sft-trl.jsonl", "--base", "b", "--user-form"), "--control plain"),
        (("--input", "sft-trl.jsonl", "--base", "b", "--control", "shuffle"), "did you mean shuffled?"),
        (("--input", "gone.jsonl", "--base", "b", "--control", "plain"), "does not exist"),
    ],
)
def test_what_cannot_run_ends_in_one_sentence(folder: Path, arguments: tuple[str, ...], told: str) -> None:
    done = command("train", *arguments, folder=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(TORCH, reason="torch is here")
def test_without_torch_the_line_that_installs_it_is_told(folder: Path) -> None:
    done = command("train", "--input", "sft-trl.jsonl", "--base", "b", folder=folder)
    assert done.returncode == 1
    assert "pip install -r requirements-train.txt" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    counted = post(folder, "--max-tokens-of", "b", "--output", "x.jsonl")
    assert (counted.returncode, len(counted.stderr.splitlines())) == (1, 1)
    assert "pip install -r requirements-train.txt" in counted.stderr
