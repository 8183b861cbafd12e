"""What a run of ProUtt can be told, and what of it shapes a record."""

import dataclasses
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Literal, Self, get_args

from ...basics.command import Parser, Stop
from ...basics.options import flag, in_words, json_object, number, one_of, option, share
from .stages import digest

Turns = Literal["last", "random", "all"]
JsonMode = Literal["auto", "schema", "object", "text"]
OasstPaths = Literal["best", "all"]
Keep = Literal["keep", "drop"]


@dataclasses.dataclass(frozen=True)
class Config:
    """Everything one run of synthesis was told. Holds no key: only the name of the variable that has it."""

    input: tuple[str, ...] = option(
        ("data/raw/LMSYS.jsonl",), str, "dialogues: files, folders, globs, or - for standard input", nargs="+"
    )
    output: Path = option(Path("data/synthesized_raw/LMSYS.jsonl"), Path, "records; a second run goes on where it ends")
    base_url: str = option(
        "https://open.bigmodel.cn/api/paas/v4/", str, "any OpenAI-compatible endpoint, e.g. http://127.0.0.1:8000/v1"
    )
    model: str = option("glm-4.6", str, "the model's name at that endpoint")
    api_key_env: str = option(
        "ZAI_API_KEY", str, "the variable that holds the key (environment or .env); '' for an endpoint without keys"
    )
    max_concurrency: int = option(
        10, number(1, 100_000, int), "requests in flight; raise it until the endpoint stops getting faster"
    )
    high_confidence_threshold: float = option(
        0.8, number(0, 1), "a draft whose best prediction is at least this similar is preferred as it is"
    )
    low_confidence_threshold: float = option(
        0.3, number(0, 1), "a draft whose best prediction is less similar than this is the rejected side"
    )
    seed: int = option(
        0, number(-(2**63), 2**63, int), "fixes every random draw; change it for a second, different set"
    )
    turns: Turns = option(
        "last", one_of(*get_args(Turns)), "which user turns to predict: last, random (one a dialogue) or all"
    )
    max_context_chars: int | None = option(
        None, number(1, 10**9, int), "keep of a longer context its system turn and its newest whole rounds"
    )
    user_role: str | None = option(None, str, "another name for the user's role, where your data has its own")
    assistant_role: str | None = option(None, str, "the same for the assistant's role")
    system_turns: Keep = option(
        "keep", one_of(*get_args(Keep)), "drop them where they are secret or the same everywhere"
    )
    tool_turns: Keep = option(
        "keep", one_of(*get_args(Keep)), "tool calls and results; drop them where they are long and tell little"
    )
    repeats: Keep = option(
        "drop", one_of(*get_args(Keep)), "of dialogues that others repeat exactly; keep them where frequency counts"
    )
    oasst_paths: OasstPaths = option(
        "best", one_of(*get_args(OasstPaths)), "of an OASST message tree: the best-ranked path, or all paths"
    )
    shard: tuple[int, int] | None = option(
        None, share, "I/N: make only the I-th of N shares of the samples, for several processes or machines"
    )
    limit: int | None = option(
        None, number(1, 2**63, int), "stop after this many new samples; for a first look at cost"
    )
    json_mode: JsonMode = option(
        "auto", one_of(*get_args(JsonMode)), "how replies are held to JSON: auto tries schema, then object, then text"
    )
    temperature: float | None = option(None, number(0, 2), "sampling temperature; left to the endpoint when not given")
    max_tokens: int | None = option(
        None, number(1, 10_000_000, int), "limit of one reply in tokens; for endpoints whose own limit cuts replies off"
    )
    extra_body: dict[str, Any] = option(
        {}, json_object, 'more fields for every request, e.g. \'{"thinking": {"type": "disabled"}}\''
    )
    timeout: float = option(300.0, number(0.1, 86_400), "seconds before a request is abandoned and sent again")
    max_retries: int = option(5, number(0, 1000, int), "how often a request that failed in transit is sent again")
    patience: float = option(
        1800.0, number(0, 10**7), "seconds to wait for an endpoint that is down before the run stops, resumable"
    )
    rpm: int | None = option(None, number(1, 10**9, int), "requests per minute that the account allows")
    tpm: int | None = option(None, number(1, 10**12, int), "tokens per minute that the account allows")
    price_in: float = option(0.0, number(0, 10**6), "price of a million prompt tokens; with it, cost is shown")
    price_cached: float | None = option(None, number(0, 10**6), "the same for cached prompt tokens [as --price-in]")
    price_out: float = option(0.0, number(0, 10**6), "price of a million completion tokens")
    max_cost: float | None = option(
        None, number(0, 10**9), "stop before a call that could make this run cost more, in the currency of the prices"
    )
    max_total_tokens: int | None = option(
        None, number(1, 10**15, int), "stop before a call that could take this run beyond so many tokens"
    )
    show: int | None = option(
        None, number(1, 10**6, int), "print so many samples as they would be asked, without a request, and stop"
    )
    estimate: bool = flag("count samples, calls, tokens and cost without a single request, and stop")
    no_cache: bool = flag("keep no replies beside the output: a stopped run pays again for its unfinished samples")
    prune: bool = flag("drop the stored replies of finished samples, when disk space is short")
    accept_changes: bool = flag("go on although the output was made with other settings")

    def __post_init__(self) -> None:
        if self.low_confidence_threshold > self.high_confidence_threshold:
            raise Stop(
                f"--low-confidence-threshold {self.low_confidence_threshold} is above"
                f" --high-confidence-threshold {self.high_confidence_threshold}: lower it."
            )
        if not self.base_url.startswith(("http://", "https://")):
            raise Stop(f"--base-url {self.base_url!r} is not an address: it must begin with http:// or https://.")
        if not self.model:
            raise Stop("--model is empty: give the model's name at the endpoint.")
        if self.max_cost is not None and not (self.price_in or self.price_out):
            raise Stop("--max-cost needs prices: give --price-in and --price-out for a million tokens.")

    @classmethod
    def from_command_line(
        cls,
        arguments: Sequence[str] | None,
        prog: str,
        description: str,
        examples: str,
        without: Collection[str] = (),
    ) -> Self:
        """Read the options from the command line, then the environment, then the defaults; none of those without."""
        parser = Parser(prog=prog, description=description, epilog=examples)
        for field in (field for field in dataclasses.fields(cls) if field.name not in without):
            default = field.default if field.default is not dataclasses.MISSING else {}
            shown = "" if default is None or default is False or default == {} else f" [{in_words(default)}]"
            given: str | list[str] | None = os.environ.get("PROUTT_" + field.name.upper())
            if given is not None and field.metadata.get("nargs") == "+":
                given = [str(given)]
            parser.add_argument(
                "--" + field.name.replace("_", "-"),
                default=default if given is None else given,
                metavar="yes" if field.metadata.get("const") else field.name.rsplit("_", 1)[-1].upper(),
                **{**field.metadata, "help": (field.metadata["help"] + shown).replace("%", "%%")},
            )
        told = vars(parser.parse_args(arguments))
        return cls(**told | {"input": tuple(told["input"])})


def key_of(config: Config) -> str:
    """The key for the endpoint. Raises Stop where there is none."""
    if not config.api_key_env:
        return ""
    if key := os.environ.get(config.api_key_env, "").strip():
        if not (key.isascii() and key.isprintable()):
            raise Stop(f"The key in {config.api_key_env} has characters that cannot be in a key: copy it again.")
        return key
    raise Stop(
        f"No API key: set {config.api_key_env} in the environment or in a .env file (or name another variable with"
        " --api-key-env); to see the whole pipeline without a key: python -m src.rehearsal"
    )


def settings_of(config: Config) -> dict[str, object]:
    """What decides how a record comes out; each record carries it, and a run refuses to mix two kinds."""
    return {
        "model": config.model,
        "seed": config.seed,
        "turns": config.turns,
        "max_context_chars": config.max_context_chars,
        "system_turns": config.system_turns,
        "tool_turns": config.tool_turns,
        "high_confidence_threshold": config.high_confidence_threshold,
        "low_confidence_threshold": config.low_confidence_threshold,
        "temperature": config.temperature,
        "extra_body": config.extra_body,
        "prompts": digest(),
    }
