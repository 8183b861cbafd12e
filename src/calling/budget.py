"""What calls cost, and what the whole run may still cost."""

import dataclasses

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


class Spent(Stop):
    """The budget allows no further call."""

    status = 4


class Budget:
    """What an output may still cost. A call is reserved before it is sent, with a reply longer than any seen yet."""

    def __init__(self, prices: Prices, max_cost: float | None, max_tokens: int | None, reply_limit: int | None) -> None:
        self.prices, self.max_cost, self.max_tokens, self._reply_limit = prices, max_cost, max_tokens, reply_limit
        self.used = Usage()
        self.before = Usage()
        """What earlier runs on the same output were billed: the limits are for all of them together."""
        self._reserved = Usage()
        self._longest = 0
        self._ratio = 1.0

    @property
    def cost(self) -> float:
        return self.prices.of(self.used)

    def reserve(self, prompt: int) -> Usage:
        """Set aside what a call with a prompt of so many tokens (estimated) may cost; raises Stop if it is too much."""
        seen = round(self._longest * HEADROOM) or UNKNOWN_REPLY
        reply = min(seen, self._reply_limit) if self._reply_limit else seen
        prompt = round(prompt * self._ratio)
        wanted = Usage(prompt=prompt, completion=reply, total=prompt + reply)
        after = self.before + self.used + self._reserved + wanted
        if self.max_cost is not None and self.prices.of(after) > self.max_cost:
            earlier = f", {self.prices.of(self.before):.4f} by earlier runs" if self.before.total else ""
            waiting = (
                f"{self.cost:.4f} used{earlier}, {self.prices.of(self._reserved):.4f} set aside for calls under way"
            )
            raise Spent(f"The next call could pass --max-cost {self.max_cost:g} ({waiting}): {RAISE}")
        if self.max_tokens is not None and after.total > self.max_tokens:
            earlier = f", {self.before.total} by earlier runs" if self.before.total else ""
            waiting = f"{self.used.total} used{earlier}, {self._reserved.total} set aside for calls under way"
            raise Spent(f"The next call could pass --max-total-tokens {self.max_tokens} ({waiting}): {RAISE}")
        self._reserved += wanted
        return wanted

    def settle(self, wanted: Usage, used: Usage, estimated_prompt: int) -> None:
        """Replace what was set aside by what was billed, and learn from it."""
        self._reserved = Usage(
            prompt=self._reserved.prompt - wanted.prompt,
            completion=self._reserved.completion - wanted.completion,
            total=self._reserved.total - wanted.total,
        )
        self.used += used
        self._longest = max(self._longest, used.completion)
        if estimated_prompt:
            self._ratio = max(self._ratio, used.prompt / estimated_prompt)
