"""What a call to a model can be told: the endpoint, its limits, the money."""

import dataclasses
import functools
import ipaddress
import os
import re
import urllib.parse
from pathlib import Path
from typing import Any, Literal, get_args

from ..basics.command import Stop
from ..basics.options import Options, json_object, number, one_of, option, word
from ..basics.text import shortened
from .masking import shown_address

JsonMode = Literal["auto", "schema", "object", "text"]
FreshSchemas = Literal["auto", "yes", "no"]

VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")  # as names of variables look; a key in its place is not shown
LONGEST_ADDRESS, LONGEST_SHOWN = 2000, 200  # characters; servers refuse longer ones
OWN_DOMAINS = (".local", ".internal", ".lan", ".localhost")

endpoint = functools.partial(option, group="endpoint")
money = functools.partial(option, group="limits and money")
vectors = functools.partial(option, group="embeddings", variable=False)


@dataclasses.dataclass(frozen=True)
class Calling(Options):
    """The endpoint and how it is asked. Holds no key: only the name of the variable that has it."""

    base_url: str = endpoint(
        "https://open.bigmodel.cn/api/paas/v4/", word, "any OpenAI-compatible endpoint, e.g. http://127.0.0.1:8000/v1"
    )
    model: str = endpoint("glm-4.6", word, "the model's name at that endpoint")
    model_file: Path | None = endpoint(
        None,
        Path,
        "a GGUF file to be served on this machine while the run lasts, in place of an endpoint; needs no key",
        metavar="FILE",
    )
    api_key_env: str = endpoint(
        "ZAI_API_KEY",
        str,
        "the variable that holds the key (environment or .env); '' for an endpoint without keys",
        metavar="VARIABLE",
    )
    max_concurrency: int = money(
        10, number(1, 100_000, int), "requests in flight; raise it until the endpoint stops getting faster", metavar="N"
    )
    json_mode: JsonMode = endpoint(
        "auto", one_of(*get_args(JsonMode)), "how replies are held to JSON: auto tries schema, then object, then text"
    )
    fresh_schemas: FreshSchemas = endpoint(
        "auto",
        one_of(*get_args(FreshSchemas)),
        "hold names in replies to those in the question by a schema of its own for each: auto does so at addresses of"
        " your own network, since hosted services compile each new schema for seconds",
    )
    temperature: float | None = endpoint(
        None, number(0, 2), "sampling temperature; left to the endpoint when not given"
    )
    max_tokens: int | None = endpoint(
        None, number(1, 10_000_000, int), "limit of one reply in tokens; for endpoints whose own limit cuts replies off"
    )
    extra_body: dict[str, Any] = endpoint(
        {}, json_object, 'more fields for every request, e.g. \'{"thinking": {"type": "disabled"}}\'', metavar="JSON"
    )
    timeout: float = endpoint(
        300.0, number(0.1, 86_400), "seconds before a request is abandoned and sent again", metavar="SECONDS"
    )
    max_retries: int = endpoint(
        5, number(0, 1000, int), "how often a request that failed in transit is sent again", metavar="N"
    )
    patience: float = endpoint(
        1800.0,
        number(0, 10**7),
        "seconds to wait for an endpoint that is down before the run stops, resumable",
        metavar="SECONDS",
    )
    rpm: int | None = money(None, number(1, 10**9, int), "requests per minute that the account allows", metavar="N")
    tpm: int | None = money(None, number(1, 10**12, int), "tokens per minute that the account allows", metavar="N")
    price_in: float = money(
        0.0, number(0, 10**6), "price of a million prompt tokens; with it, cost is shown", metavar="PRICE"
    )
    price_cached: float | None = money(
        None, number(0, 10**6), "the same for cached prompt tokens [as --price-in]", metavar="PRICE"
    )
    price_out: float = money(0.0, number(0, 10**6), "price of a million completion tokens", metavar="PRICE")
    max_cost: float | None = money(
        None,
        number(0, 10**9),
        "stop before a call that could make this output cost more, in the currency of the prices",
    )
    max_total_tokens: int | None = money(
        None, number(1, 10**15, int), "stop before a call that could take this output beyond so many tokens"
    )

    def __post_init__(self) -> None:
        if self.model_file:  # which says all that an endpoint would have to be told; records name the model by it
            object.__setattr__(self, "model", self.model_file.stem)
            object.__setattr__(self, "api_key_env", "")
        refuse_odd(self.base_url)
        if not self.model:
            raise Stop("--model is empty: give the model's name at the endpoint.")
        if self.max_cost is not None and not (self.price_in or self.price_out):
            raise Stop("--max-cost needs prices: give --price-in and --price-out for a million tokens.")

    @property
    def takes_fresh_schemas(self) -> bool:
        """Whether each question may have a JSON schema of its own."""
        if self.fresh_schemas != "auto":
            return self.fresh_schemas == "yes"
        return is_own(self.base_url)


@dataclasses.dataclass(frozen=True)
class Embedding(Calling):
    """Where vectors of texts come from, for a command that compares meanings."""

    embeddings_url: str = vectors(
        "", word, "an endpoint with /embeddings, e.g. http://127.0.0.1:8000/v1", metavar="URL"
    )
    embeddings_model: str = vectors("", word, "the model's name there")
    embeddings_key_env: str = vectors(
        "", str, "the variable that holds its key; without it no key is sent", metavar="VARIABLE"
    )
    embeddings_batch: int = vectors(
        64, number(1, 2048, int), "texts in one request; fewer where the endpoint refuses so many"
    )

    def refuse_odd_embeddings(self) -> None:
        """Raise Stop where only half of it is told, or the address is none."""
        if bool(self.embeddings_url) != bool(self.embeddings_model):
            raise Stop("--embeddings-url and --embeddings-model belong together: give both.")
        if self.embeddings_url:
            refuse_odd(self.embeddings_url, "--embeddings-url")


def refuse_odd(address: str, option: str = "--base-url") -> None:
    """Raise Stop where an address leads nowhere. What may be a key in it is not repeated."""
    shown = shortened(shown_address(address), LONGEST_SHOWN)
    named = f"{option} {shown}" if shown else f"What {option} was given"
    if not address.startswith(("http://", "https://")):
        raise Stop(f"{named} is not an address: it must begin with http:// or https://.")
    try:
        parts = urllib.parse.urlsplit(address)
        whole = bool(parts.hostname) and parts.port != 0 and len(address) <= LONGEST_ADDRESS
        parts.netloc.rpartition("@")[2].encode("idna")
    except ValueError as error:  # brackets that do not close, a port that is no number, a label that is too long
        raise Stop(f"What {option} was given is not an address: its host or port cannot be read.") from error
    if not whole or not address.isprintable() or " " in address:
        raise Stop(f"{named} is not an address: write it as http://HOST:PORT/v1, without spaces.")


@functools.cache
def is_this_machine(address: str) -> bool:
    """Whether an address leads to this very machine."""
    host = urllib.parse.urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@functools.cache
def is_own(address: str) -> bool:
    """Whether an address is of one's own network: a loopback or private number, or a name without a public domain."""
    host = urllib.parse.urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(OWN_DOMAINS)


def api_key_of(calling: Calling) -> str:
    """The key for the endpoint. Raises Stop where there is none."""
    if not calling.api_key_env:
        return ""
    if key := os.environ.get(calling.api_key_env, "").strip():
        if not (key.isascii() and key.isprintable()):
            raise Stop(f"The key in {calling.api_key_env} has characters that cannot be in a key: copy it again.")
        return key
    if not VARIABLE.fullmatch(calling.api_key_env):
        raise Stop(
            "No API key: what --api-key-env was given looks like a key, not like a variable's name, and is not repeated"
            " here: give the name of the variable that holds the key, such as ZAI_API_KEY."
        )
    raise Stop(
        f"No API key: set {calling.api_key_env} in the environment or in a .env file (or name another variable with"
        " --api-key-env); to see the whole pipeline without a key: python -m src.rehearsal"
    )
