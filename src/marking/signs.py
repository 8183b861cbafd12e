"""What a text looks like on its surface, in any language: its words, its script, its form, signs of machinery.

Nothing here understands a text. Thresholds stand at the top with their reason.
"""

import functools
import itertools
import re
import unicodedata
from collections import Counter

from ..basics.special_tokens import SPECIAL_TOKEN
from ..basics.text import normalised
from ..basics.wording import words

SAME_SCRIPT = 0.7  # of the words; below, a text mixes scripts and has none of its own
IN_USE = 0.2  # of a user's words; a script that has so many is one that this user writes
MIXED = 0.2  # kana for each Han sign; Japanese has more, Chinese none but in a name
FEWEST_WORDS = 3  # to tell a text's script by: "ok" and a product's name are said in any language
LANGUAGES = {"CJK": "Chinese", "KANA": "Japanese", "HANGUL": "Korean"}  # that show in their script
NO_SCRIPT = "short or mixed"


# Only what ends as a question, or begins as one in English, counts: words such as "what" stand in statements too.
ASKS = re.compile(
    r"[?？؟][\s\"'”’)）]*$|(吗|呢|么)[。.!！]?$|^(what|where|when|who|why|how|which|is|are|do|does|can|could|would)\b",
    re.IGNORECASE,
)
ASKS_FOR_FACTS = re.compile(
    r"^(what|where|when|who|why|how (much|many|long|far|often)|which)\b|(什么|多少|几|哪|谁|为何).*[?？]$",
    re.IGNORECASE,
)
ORDERS = re.compile(
    r"^\s*(please|write|rewrite|list|give|make|tell|show|explain|recommend|create|draft|summari[sz]e|translate|compare"
    r"|suggest|generate|describe|outline|convert|calculate|work out|add|remove|请|帮我|给我)(?![a-z])",
    re.IGNORECASE,
)
TELLS = re.compile(r"[.。!！]$")
ARTIFACT = re.compile(
    r"(?<!\))(?<!\) )->|→"
    r"|\b(intent.tree|tree path|(mining|exploration|explore) view|(source|target)_node|draft reasoning)\b"
    r"|意图树|(挖掘|探索)视角|(源|目标)节点"
    r"|^\s*(the )?user (may|might|will|could|would|asks|wants)\b|^\s*用户(可能|会|将|想)"
    r"|^\s*(next )?(prediction|utterance|statement|question|instruction|mining|exploration|category|user|human)"
    r"\s*\d*\s*[:：]|^\s*(预测|用户|类别)\s*[\d一二三四]*\s*[:：]|^\s*[\[{]\s*\""
    r"|^\s*[\[(【（]\s*(mining|exploration|explore|挖掘|探索|path|路径)"
    r"|\bas the user\b|\b(following|along) path \d|路径\s*\d|根节点",
    re.IGNORECASE,
)
INJECTED = re.compile(
    rf"<\s*/?\s*(think|thinking|predict|dialogue|intent_tree|utterance)\b[^>]*>|<(?:{SPECIAL_TOKEN})|\[/?INST\]",
    re.IGNORECASE,
)
# An assistant's voice. That somebody is sorry and cannot come is a person's; that one cannot provide it is a model's.
CANNOT = r"(?:cannot|can ?not|can['’]?t|(?: am|['’]m) (?:unable|not able) to|won['’]t be able to)"
AN_ASSISTANT = r"(?:ai (?:language )?(?:model|assistant)|(?:large )?language model|ai(?=[ ,，.]*(?:i\b|$)))"
REFUSALS = (
    rf"(?<![\"'“”«「『])\b(?:as an?|i['’]?a?m (?:just |only )?an?) {AN_ASSISTANT}",
    rf"\bi ?{CANNOT} (?:assist|help you|help with (?:that|this)|provide|comply|predict|fulfil|generate|discuss)",
    rf"\b(?:sorry|afraid|apologi[sz]e|unfortunately)\b.{{0,12}}\bi ?{CANNOT} (?:answer|help(?! but)|continue|offer)",
    r"\bi do(?: not|n['’]t) have (?:personal (?:opinion|feeling|experience)|real.time)",
    r"作为(?:一个|一名|一款)?(?:AI|人工智能|大?语言模型|智能助手)|我(?:只)?是(?:一个|一名|一款)(?:AI|人工智能|大?语言模型)",
    r"(?:我|抱歉[，,]?|对不起[，,]?)(?:无法|不能)(?:为您|给您|向您|对此)?(?:提供|协助|预测|回答|满足|透露|生成)",
    r"\bals (?:ki|sprachmodell)\b|tut mir leid.{0,20}kann (?:ich )?.{0,30}nicht (?:helfen|beantworten|bereitstellen)",
    r"\ben tant qu(?:['’]ia|e mod[eè]le)\b|je ne peux pas (?:vous |t['’])?(?:fournir|aider)",
    r"\bcomo (?:una? )?(?:ia|modelo de lenguaje|inteligencia)\b|no puedo (?:ayudarte|ayudarle|proporcionar)",
    r"\bкак (?:ии|языковая модель|искусственный интеллект)\b|не могу предоставить",
    r"AI(?:として|言語モデル)|(?:お答え|ご提供|お手伝い)(?:する)?(?:こと)?(?:は|が)?でき(?:ません|かねます)",
    r"(?:AI|인공지능|언어 ?모델)(?:로서|으로서|이라|라서)|(?:제공|답변|도와)(?:해|할|드릴).{0,6}수 없",
    r"(?:كنموذج|كذكاء|بصفتي)|لا (?:أستطيع|يمكنني) (?:تقديم|مساعدتك|المساعدة|الإجابة)",
)
REFUSAL = re.compile("|".join(REFUSALS), re.IGNORECASE)


def scripts(text: str) -> Counter[str]:
    """How many words are of which script: LATIN, CJK (Han), KANA, HANGUL, CYRILLIC, …"""
    found = Counter(script_of_letter(word[0]) for word in words(text))
    for mixed in ("KANA", "HANGUL"):  # with Han among them
        if found[mixed] > MIXED * found["CJK"]:
            found[mixed] += found.pop("CJK", 0)
    return +found


@functools.lru_cache(maxsize=1 << 14)
def script_of_letter(letter: str) -> str:
    name = unicodedata.name(letter, "").split(" ")[0]
    return "KANA" if name in {"HIRAGANA", "KATAKANA"} else name


def script_of(text: str) -> str | None:
    """The script that most words are of; None where there are few words or no such script."""
    found = scripts(text)
    if found.total() < FEWEST_WORDS:
        return None
    script, count = found.most_common(1)[0]
    return script if count >= SAME_SCRIPT * found.total() else None


def written_in(text: str) -> str:
    """The name of a text's script; which language it is does not show in it, but for a few."""
    script = script_of(text)
    return LANGUAGES.get(script, script.title()) if script else NO_SCRIPT


def scripts_in_use(text: str) -> set[str]:
    """The scripts that somebody who writes so uses, beyond a word here and there."""
    found = scripts(text)
    used = {script for script, count in found.items() if count >= IN_USE * found.total()}
    return used | {"CJK"} if "KANA" in used else used  # Japanese may do without kana in a few words


def likeness(one: str, other: str) -> float:
    """The share of common pairs of characters, from 0 to 1."""
    if one == other:  # as the predictions of the view that both sides share
        return 1.0
    a, b = pairs_in(one), pairs_in(other)
    return 2 * (a & b).total() / max(1, a.total() + b.total())


@functools.lru_cache(maxsize=64)
def pairs_in(text: str) -> Counter[tuple[str, str]]:
    return Counter(itertools.pairwise(normalised(text)))
