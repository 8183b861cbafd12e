"""What a text has from the real utterance and could have from nowhere else: particulars that the history does not have.

Particulars are names (a capital inside a sentence, a quoted text, letters mixed with digits), numbers that are not
round, and turns of phrase: in Chinese a long run of signs, in other scripts several new words at once. Single common
words are none, since whoever foresees the subject uses them too. So what a user writes in small letters is not known
for a name, and rare words are known by their form alone.
"""

import re
from collections.abc import Iterator

from ..basics.text import normalised
from ..basics.wording import is_sign, same_word, words

RUN = 5  # signs of Chinese without an everyday word among them; shorter ones are subjects that many would name
NAME_RUN = 3  # the same where they end as names of places do
WORDS_OF_A_FRAME = 4  # new words of the utterance in one short text; three are the subject and what is asked of it
SAID_BY_MANY = {"12", "24", "36", "48"}  # hours and months
LONG_WORD = 4  # letters; shorter words tell nothing
CAPITALS = 0.25  # of the words inside sentences; with more, as in German or in titles, capitals make no name
NUMBER = re.compile(r"(?<![^\W_\u3400-\u9fff])(?<!\d[.:])\d+(?:[.:]\d+)*(?![^\W_\u3400-\u9fff])")
QUOTED = re.compile(r"[\"“”「『《`]([^\"“”「」『』《》`\n]{2,40})[\"“”」』》`]")
LATIN = re.compile(r"[A-Za-z][\w'’+#.-]*[\w+#]")
INSIDE = re.compile(r"[\w,，、;；)）('’-]\s*$")
"""What stands before a word that begins no sentence."""
NO_NAMES = {"ok", "okay", "tv", "pc", "ai", "pdf", "diy"}
I_AM = re.compile(r"i['’]\w+", re.IGNORECASE)
GRAMMAR = (
    "的了吗呢吧啊呀哦嘛是在有不没我你您他她它们这那哪什么几多少怎样个家和与也都就还要想请让给"
    "把被很太会能可以好说看去来到上下里一两"
)
EVERYDAY = """
自己 觉得 感觉 知道 无法 应该 如何 现在 以前 以后 之后 之前 之间 时候 时间 非常 比较 因为 所以 如果 但是 虽然 可能
需要 希望 开始 完全 总是 经常 一直 已经 特别 真的 其实 重新 尽量 努力 尝试 试着 接受 控制 调整 改变 改善 理解 面对
影响 问题 办法 方法 事情 情况 情绪 心情 心理 压力 焦虑 学习 工作 生活 生气 朋友 父母 父亲 母亲 妈妈 爸爸 家人 孩子
老师 同学 男友 女友 同事 对象 关系 医院 医生 咨询 学校 公司 身体 睡觉 失眠 谢谢 感谢 建议 支持 帮助 帮忙 告诉 介绍
推荐 选择 打算 准备 计划 决定 安排 提供 服务 设施 免费 价格 最低 最高 费用 消费 人均 票价 门票 评分 电话 号码 地址
名字 名称 位置 地点 营业 开放 游玩 结束 附近 周边 周围 地方 景点 景区 公园 酒店 宾馆 住宿 房间 餐馆 餐厅 饭店 吃饭
用餐 早餐 午餐 晚餐 美食 好吃 地铁 公交 出租 打车 停车 乘坐 出发 目的 路线 怎么 城市 分别 附带 类型 高档 经济 舒适
豪华 今天 明天 昨天 晚上 早上 中午 下午 周末 最近 文章 翻译 解释 代码 程序 数据 例子 信息 内容 公共 区域 部分 直接
方便 喜欢 满意 最后 首先 其他 别的 同样 继续 图书馆 博物馆 博物院 咖啡馆 咖啡店 体育馆 动物园 植物园 幼儿园 游乐园
便利店 火锅店 奶茶店 小吃店 专卖店 烤鸭店 爬山 过桥 小区 大楼 游泳馆 健身房 博览会
"""
"""Words that many would use who talk of the same; what stands between them may be a particular."""
COMMON = """
about after again also another anything around because been before being best better between both cannot could does
doing done down each else even ever every find first from give good great have having hello help here into just keep
kind know last less like list little long look made make many maybe mean more most much must need never next nice
only other over please possible really right same should show some something such sure take tell than thank thanks
that their them then there these they thing things think this those through time under until used using very want
well were what when where which while will with without work would write your yours
"""
PLACE = re.compile("[寺庙街路巷桥村镇县省河湖山岛湾塔宫殿府店楼居坊斋轩阁馆园]$")
COMMON_WORDS = frozenset(COMMON.split())
BETWEEN = re.compile(f"[{GRAMMAR}]|{'|'.join(EVERYDAY.split())}")


def told_by(utterance: str, history: str, text: str, *, short: bool) -> Iterator[str]:
    """The particulars of the utterance that stand in the text and not in the history.

    In a short text, such as a prediction or a path's target, several new words together are one too.
    """
    yield from names_and_numbers(utterance, history, text)
    yield from runs(utterance, history, text)
    if short and len(found := new_words(utterance, history, text)) >= WORDS_OF_A_FRAME:
        yield " … ".join(found)


def names_and_numbers(utterance: str, history: str, text: str) -> Iterator[str]:
    before, here = history.casefold(), text.casefold()
    known, there = {*NUMBER.findall(history)}, {*NUMBER.findall(text)}
    yield from (
        each for each in dict.fromkeys(NUMBER.findall(utterance)) if each in there - known and not is_round(each)
    )
    for name in dict.fromkeys(names(utterance, history)):
        if name.casefold() not in before and re.search(rf"(?<![^\W_]){re.escape(name.casefold())}(?![^\W_])", here):
            yield name
    for quoted in dict.fromkeys(QUOTED.findall(utterance)):
        bare = normalised(quoted)
        if len(bare) > 1 and bare in normalised(text) and bare not in normalised(history):
            yield quoted


def is_round(number: str) -> bool:
    """Whether many would say it by chance: one digit, or a multiple of five; with or without noughts around it."""
    digits = number.replace(".", "").replace(":", "").strip("0")
    return number in SAID_BY_MANY or re.fullmatch(r"\d?|\d5", digits) is not None


def names(utterance: str, history: str) -> Iterator[str]:
    """Words that look like names: with a capital inside a sentence, or with digits or capitals inside."""
    said = f"{history}\n{utterance}"
    inside = [word[0] for word in LATIN.finditer(said) if INSIDE.search(said[max(0, word.start() - 3) : word.start()])]
    tell = sum(word[0].isupper() for word in inside) <= CAPITALS * len(inside)
    for word in LATIN.finditer(utterance):
        odd = re.search(r"\d|[a-z][A-Z]", word[0])
        begins = not INSIDE.search(utterance[max(0, word.start() - 3) : word.start()])
        named = word[0].casefold() not in NO_NAMES and not I_AM.fullmatch(word[0])
        if named and (odd or (tell and word[0][0].isupper() and not begins)):
            yield word[0]


def runs(utterance: str, history: str, text: str) -> Iterator[str]:
    """Runs of Chinese signs that both have, as long as they are, where they are names of places or very long."""
    for clause in re.findall(r"[\u3400-\u9fff]+", BETWEEN.sub(" ", utterance)):
        start = 0
        while start + NAME_RUN <= len(clause):
            end = next((end for end in range(len(clause), start, -1) if clause[start:end] in text), start)
            run = clause[start:end]
            if (len(run) >= RUN or (len(run) >= NAME_RUN and PLACE.search(run))) and run not in history:
                yield run
            start = max(end, start + 1)


def new_words(utterance: str, history: str, text: str) -> list[str]:
    """The longer words of the utterance, in any inflection, that the text has and the history has not."""
    said, here, before = (
        list(dict.fromkeys(word for word in words(each) if not is_sign(word) and len(word) >= LONG_WORD))
        for each in (utterance, text, history)
    )
    return [
        word
        for word in said
        if word not in COMMON_WORDS
        and any(same_word(word, other) for other in here)
        and not any(same_word(word, other) for other in before)
    ]
