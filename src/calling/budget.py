"""What calls cost, and what the whole run may still cost."""

import dataclasses
from typing import Self

from ..basics.command import Stop
from .completion import Usage

UNKNOWN_REPLY = 2000  # tokens that a reply is taken to have before any was seen
RAISE = "raise it and run the same command again to go on from here."
HEADROOM = 1.25  # a reply is taken to be this much longer than the longest that was seen


def tokens_in(text: str) -> int:
    """An estimate that needs no tokenizer: 4 characters a token, and 1.5 characters a token in Chinese or Japanese.

    The rule counts bytes: what takes three bytes in UTF-8 is taken for such a character.
    """
    wide = (len(text.encode("utf-8", "replace")) - len(text)) / 2
    return round((len(text) - wide) / 4 + wide / 1.5)


def most_tokens_in(text: str) -> int:
    """What a small model's tokenizer may make of a text at most: 3 characters a token, 2.5 tokens a wide character."""
    wide = (len(text.encode("utf-8", "replace")) - len(text)) / 2
    return round((len(text) - wide) / 3 + wide * 2.5)


@dataclasses.dataclass(frozen=True)
class Prices:
    """Money for a million tokens; cached prompt tokens cost as much as others unless their price is given."""

    prompt: float = 0.0
    cached: float | None = None
    completion: float = 0.0

    def of(self, usage: Usage) -> float:
        cached = usage.cached or 0
        cached_price = self.prompt if self.cached is None else self.cached
        fresh = usage.prompt - cached
        return (fresh * self.prompt + cached * cached_price + usage.completion * self.completion) / 1e6

    def at(self, share: float) -> Self:
        """Prices that are this share of these."""
        cached = None if self.cached is None else share * self.cached
        return dataclasses.replace(self, prompt=share * self.prompt, cached=cached, completion=share * self.completion)


class Spent(Stop):
    """The budget allows no further call."""

    status = 4


@dataclasses.dataclass
class Meter:
    """What calls to one model cost. A call is taken to have a reply longer than any seen yet."""

    prices: Prices
    reply_limit: int | None
    used: Usage = Usage()
    before: Usage = Usage()
    """What earlier runs on the same output were billed."""
    reserved: Usage = Usage()
    longest: int = 0
    ratio: float = 1.0
    """Prompt tokens as they are billed to those estimated, at most."""

    def wanted(self, prompt: int) -> Usage:
        """What a call with a prompt of so many tokens (estimated) may cost."""
        seen = round(self.longest * HEADROOM) or UNKNOWN_REPLY
        reply = min(seen, self.reply_limit) if self.reply_limit else seen
        prompt = round(prompt * self.ratio)
        return Usage(prompt=prompt, completion=reply, total=prompt + reply)

    def settle(self, wanted: Usage, used: Usage, estimated_prompt: int) -> None:
        """Replace what was set aside by what was billed, and learn from it."""
        self.reserved = Usage(
            prompt=self.reserved.prompt - wanted.prompt,
            completion=self.reserved.completion - wanted.completion,
            total=self.reserved.total - wanted.total,
        )
        self.used += used
        self.longest = max(self.longest, used.completion)
        if estimated_prompt:
            self.ratio = max(self.ratio, used.prompt / estimated_prompt)


class Budget:
    """What an output may still cost, whichever models are asked: each has a meter."""

    def __init__(self, max_cost: float | None, max_tokens: int | None) -> None:
        self.max_cost, self.max_tokens = max_cost, max_tokens
        self._meters: list[Meter] = []

    def meter(self, prices: Prices, reply_limit: int | None) -> Meter:
        """A new meter, for one more model."""
        self._meters.append(Meter(prices, reply_limit))
        return self._meters[-1]

    @property
    def used(self) -> Usage:
        return sum((meter.used for meter in self._meters), Usage())

    @property
    def before(self) -> Usage:
        """What earlier runs on the same output were billed: the limits are for all of them together."""
        return sum((meter.before for meter in self._meters), Usage())

    @property
    def priced(self) -> bool:
        """Whether any call has a price."""
        return any(meter.prices.prompt or meter.prices.completion for meter in self._meters)

    @property
    def cost(self) -> float:
        return sum(meter.prices.of(meter.used) for meter in self._meters)

    @property
    def cost_before(self) -> float:
        return sum(meter.prices.of(meter.before) for meter in self._meters)

    def reserve(self, meter: Meter, prompt: int) -> Usage:
        """Set aside what a call with a prompt of so many tokens (estimated) may cost; raises Stop if it is too much."""
        wanted = meter.wanted(prompt)
        if self.max_cost is not None:
            aside = sum(each.prices.of(each.reserved) for each in self._meters)
            if self.cost_before + self.cost + aside + meter.prices.of(wanted) > self.max_cost:
                earlier = f", {self.cost_before:.4f} by earlier runs" if self.before.total else ""
                waiting = f"{self.cost:.4f} used{earlier}, {aside:.4f} set aside for calls under way"
                raise Spent(f"The next call could pass --max-cost {self.max_cost:g} ({waiting}): {RAISE}")
        if self.max_tokens is not None:
            reserved = sum(each.reserved.total for each in self._meters)
            if self.before.total + self.used.total + reserved + wanted.total > self.max_tokens:
                earlier = f", {self.before.total} by earlier runs" if self.before.total else ""
                waiting = f"{self.used.total} used{earlier}, {reserved} set aside for calls under way"
                raise Spent(f"The next call could pass --max-total-tokens {self.max_tokens} ({waiting}): {RAISE}")
        meter.reserved += wanted
        return wanted
