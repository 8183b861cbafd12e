"""What a user's turn shows on its surface: the assistant's manner, thanks, the other speaker's name, a way to leave."""

import re
from collections.abc import Sequence

from ....basics.text import normalised
from ....basics.wording import SIGN, WORD, words

ASSISTANTS_MANNER = re.compile(
    r"""
    \bhow\ (?:can|may)\ i\ (?:help|assist)\b | \b(?:happy|glad|here)\ to\ (?:help|assist)\b
    | \blet\ me\ know\ (?:if|how|what|when)\ you(?:['’]d|\ would|\ want|\ need|\ like|\ have)\b
    | \bfeel\ free\ to\ (?:ask|reach|share|let)\b | \bi\ hope\ (?:this|that|it)\ helps\b
    | \bas\ an?\ (?:ai|artificial|language\ model)\b | \bi(?:['’]m|\ am)\ an?\ (?:ai|assistant|language\ model)\b
    | \bis\ there\ anything\ else\ (?:i\ can|you(?:['’]d|\ would|\ need|\ want))
    | \b(?:great|good|excellent)\ (?:question|choice)[!.] | ^(?:certainly|absolutely|of\ course)!\ (?:here|i|let)
    | \bhere(?:['’]s|\ is|\ are)\ (?:a|some|the|your)\ (?:list|few|tips|steps|ways|breakdown|summary|overview)\b
    | 有什么(?:我)?(?:可以|能)帮 | 很(?:高兴|乐意)(?:能)?(?:为|帮)[您你] | 请随时(?:告诉|联系|提问|问我)
    | 作为(?:一[个名])?(?:AI|人工智能|语言模型|助手) | 希望(?:这|以上).{0,8}帮助
    | 还有(?:什么|其他).{0,8}(?:帮[您你]|需要我)
    | \bwie\ kann\ ich\ (?:ihnen|dir)\b.{0,20}\bhelfen\b | \ben\ qué\ puedo\ ayudar | \bcomment\ puis-je\ (?:vous|t['’])
    """,
    re.VERBOSE | re.IGNORECASE,
)
LIST_LINE = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+\S", re.MULTILINE)
MOST_LIST_LINES = 2  # in what somebody types; more looks written by a model

SPEAKERS = "User|USER|Human|Person|Customer|Client|Assistant|ASSISTANT|AI|Bot|Chatbot|用户|助手|客户"
LABEL = re.compile(rf"^[*_#\s]{{0,3}}(?:{SPEAKERS})[*_]{{0,2}}\s?[:：][*_]{{0,2}}\s*")
OTHER_TURN = re.compile(rf"\n[*_#]{{0,3}}\s?(?:\[Round \d+\]|(?:{SPEAKERS})[*_]{{0,2}}\s?[:：])")  # no YAML's `user:`
QUOTED = re.compile(r"""^(["“'‘「])(.*)(["”'’」])$""", re.DOTALL)
LEAVE = re.compile(r"\s*[\[(<]\s*(done|gave up|giv(?:es?|ing) up)\s*[\])>]\W*$", re.IGNORECASE)
CONVERSATION_ENDS = re.compile(r"\s*<\|?end(?:_of)?_?conversation\|?>\s*$", re.IGNORECASE)

THANKS = re.compile(
    r"\b(?:thanks?|thank you|thx|ty|cheers|appreciate)\b|谢谢|感谢|多谢|\bdanke\b|\bgracias\b|\bmerci\b", re.IGNORECASE
)
SMALL_TALK = re.compile(
    r"\b(?:thanks?|thank|you|u|thx|ty|cheers|so|much|very|a|lot|ok|okay|great|perfect|awesome|cool|nice|good|got|it|that"
    r"|helps?|helpful|really|i|appreciate|again|for|the|your|help|bye|this|is|was|have|day|one|too|will|do|and)\b|[\W_]|"
    r"谢谢|感谢|多谢|非常|你|您|好的|好|的|了|再见|明白|帮助",
    re.IGNORECASE,
)
WORD_OR_NUMBER = re.compile(rf"{WORD.pattern}|\d+")
SHINGLE = 3  # words that are looked at together
ALIKE = 0.7  # of the shingles of both, from where on two texts say the same
SHORT, JUST_SAID = 3, 2  # words, below which a text may come again; turns after which it may
COPIED = 8  # words in a row; fewer are said by many
SIGNS_A_WORD = 1.6  # of Chinese and Japanese


def tidied(text: str) -> str:
    """A turn as it would be typed: without a speaker's name before it, without what another speaker says behind it."""
    said = LABEL.sub("", text.strip())
    if other := OTHER_TURN.search(said):
        said = said[: other.start()]
    if (quoted := QUOTED.match(said.strip())) and quoted[1] not in quoted[2]:
        said = quoted[2]
    return said.strip()


def names_a_speaker(text: str) -> bool:
    return bool(LABEL.match(text) or OTHER_TURN.search(text))


def sounds_like_assistant(text: str) -> bool:
    """Whether a user's turn offers help, or is laid out as a reply."""
    return bool(ASSISTANTS_MANNER.search(text)) or len(LIST_LINE.findall(text)) > MOST_LIST_LINES


def thanks(text: str) -> bool:
    return THANKS.search(text) is not None


def only_thanks(text: str) -> bool:
    """Whether nothing is said but thanks, praise and leave."""
    return thanks(text) and not SMALL_TALK.sub("", text)


def says_again(text: str, earlier: Sequence[str]) -> bool:
    """Whether a text is one of these turns, or nearly. A "yes" may come again, but not at once."""
    compared = earlier[-JUST_SAID:] if length_in_words(text) < SHORT else earlier
    bare, shingles = normalised(text), shingles_of(text)
    return any(bare == normalised(other) or alike(shingles, shingles_of(other)) for other in compared)


def alike(one: set[str], other: set[str]) -> bool:
    return bool(one and other) and len(one & other) >= ALIKE * len(one | other)


def shingles_of(text: str) -> set[str]:
    """Each few words or numbers in a row of a text."""
    said = WORD_OR_NUMBER.findall(text.casefold())
    return {" ".join(said[place : place + SHINGLE]) for place in range(len(said) - SHINGLE + 1)}


def copied(text: str, source: str) -> str:
    """The first run of eight words that a text shares with its source, or of as many signs as make such; else ""."""
    said, there = words(text), words(source)
    length, space = (round(COPIED * SIGNS_A_WORD), "") if any(map(SIGN.match, said)) else (COPIED, " ")
    runs = {tuple(there[place : place + length]) for place in range(len(there) - length + 1)}
    shared = (said[place : place + length] for place in range(len(said) - length + 1))
    return next((space.join(run) for run in shared if tuple(run) in runs), "")


def length_in_words(text: str) -> int:
    """Words of a text; where a language writes none apart, as many as its signs make."""
    found = words(text)
    signs = sum(bool(SIGN.match(word)) for word in found)
    return len(found) - signs + round(signs / SIGNS_A_WORD)
