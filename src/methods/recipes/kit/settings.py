"""What `python -m src.converse` can be told, and what of it decides how a dialogue comes out."""

import dataclasses
import functools
from pathlib import Path
from typing import Any, Literal, get_args

from ....basics.command import Stop
from ....basics.options import flag, json_object, number, one_of, option, word
from ....calling.settings import refuse_odd
from ....running.settings import Running

UserForm = Literal["text", "chat"]
NAMES = ("selfplay", "script", "document", "plan", "mirror", "rewrite", "extend")

own = functools.partial(option, variable=False)
seat = functools.partial(option, group="seats")
price = number(0, 10**6)


def codes(text: str) -> tuple[str, ...]:
    """Several words with commas between them."""
    return tuple(word(part.strip()) for part in text.split(",") if part.strip())


@dataclasses.dataclass(frozen=True)
class Settings(Running):
    """Which recipe makes how many dialogues from what, and who sits at its seats."""

    seeds: tuple[str, ...] = own(
        (),
        str,
        "what dialogues are made from, as the recipe needs it: topics, documents, slots or tools, real dialogues",
        group="input",
        nargs="+",
        metavar="FILE",
    )
    count: int = own(
        100,
        number(1, 10**7, int),
        "dialogues in the output at the end; a larger number adds to what is there",
        group="input",
        metavar="N",
    )
    lengths_of: tuple[str, ...] = own(
        (), str, "real dialogues whose lengths the made ones are to have", group="input", nargs="+", metavar="FILE"
    )
    typing_of: tuple[str, ...] = own(
        (),
        str,
        "real dialogues whose users type and begin as the made ones are to",
        group="input",
        nargs="+",
        metavar="FILE",
    )
    output: Path = own(
        Path("data/made/chat.jsonl"),
        Path,
        "made dialogues; a second run goes on where it ends",
        group="output",
        metavar="FILE",
    )
    recipe: str = own(
        "selfplay", word, f"one of {', '.join(NAMES)}, or a file of your own, my_recipe.py", group="method"
    )
    languages: tuple[str, ...] = own(
        (), codes, "drawn for each dialogue, such as en,zh; without it the seed's own", group="method"
    )
    friction: float = own(
        0.25, number(0, 1), "share of user turns that are vague, correct, object, repeat or give up", group="method"
    )
    thinking: bool = flag(
        "the assistant reasons aloud before each reply, and only the reply is kept", group="method", variable=False
    )
    strategies: Path | None = own(
        None,
        Path,
        "with --recipe selfplay: a library of src.strategies, from which the user's seat gets a strategy for each turn",
        group="method",
        metavar="FILE",
    )
    candidates: int = own(
        1, number(1, 9, int), "make so many of each dialogue and have the critic choose", group="method", metavar="K"
    )
    near_duplicates: float = own(
        0.7,
        number(0, 1),
        "leave out a dialogue that shares so much with another; 0 keeps all",
        group="method",
        metavar="SHARE",
    )
    list: bool = flag(
        "tell what recipes there are, what each needs and costs, and stop", group="method", variable=False
    )
    show: int | None = own(
        None,
        number(1, 10**6, int),
        "print what so many dialogues would begin with, without a request, and stop",
        group="input",
        metavar="N",
    )
    estimate: bool = flag(
        "count calls, tokens and cost without a single request, and stop", group="limits and money", variable=False
    )

    user_model: str | None = seat(None, word, "who plays the user, where that is another model than --model")
    user_base_url: str | None = seat(None, word, "its endpoint, if not --base-url")
    user_api_key_env: str | None = seat(
        None, str, "the variable with its key, if not --api-key-env", metavar="VARIABLE"
    )
    user_temperature: float | None = seat(None, number(0, 2), "its temperature, if not --temperature")
    user_extra_body: dict[str, Any] | None = seat(None, json_object, "its --extra-body", metavar="JSON")
    user_price_in: float | None = seat(None, price, "its --price-in", metavar="PRICE")
    user_price_cached: float | None = seat(None, price, "its --price-cached", metavar="PRICE")
    user_price_out: float | None = seat(None, price, "its --price-out", metavar="PRICE")
    user_form: UserForm = seat(
        "text",
        one_of(*get_args(UserForm)),
        "how the user's seat is asked; chat: with the roles changed, for models trained to speak as the user",
    )
    critic_model: str | None = seat(None, word, "who chooses among --candidates, if not --model")
    critic_base_url: str | None = seat(None, word, "its endpoint, if not --base-url")
    critic_api_key_env: str | None = seat(None, str, "the variable with its key", metavar="VARIABLE")
    critic_temperature: float | None = seat(None, number(0, 2), "its temperature, if not --temperature")
    critic_extra_body: dict[str, Any] | None = seat(None, json_object, "its --extra-body", metavar="JSON")
    critic_price_in: float | None = seat(None, price, "its --price-in", metavar="PRICE")
    critic_price_cached: float | None = seat(None, price, "its --price-cached", metavar="PRICE")
    critic_price_out: float | None = seat(None, price, "its --price-out", metavar="PRICE")

    def __post_init__(self) -> None:
        super().__post_init__()
        for address, name in ((self.user_base_url, "user"), (self.critic_base_url, "critic")):
            if address is not None:
                refuse_odd(address, f"--{name}-base-url")
        if self.strategies and (self.recipe != "selfplay" or self.user_form != "text"):
            raise Stop("--strategies is for --recipe selfplay with --user-form text: leave it out, or change these.")
        if self.candidates > 1 and self.temperature == 0:
            raise Stop(f"--candidates {self.candidates} at --temperature 0 would be one dialogue again: raise it.")
