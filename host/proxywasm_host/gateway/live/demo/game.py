"""The game of the arena: two models ask each other questions, and a reader guesses who is who.

The page's instructions (`web/src/arena/game.json`) say who asks: "question 2 of 3" is in the last message of the one
who has to ask, and the question itself in that of the other one. Side by side, both get the page's prompt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Literal

Player = Literal["pretender", "original"]


@dataclass(frozen=True, slots=True)
class _Question:
    asked_by: Player
    text: str
    answers: dict[Player, str]


def reply(model: str, messages: Any) -> str | None:
    """A question, or the answer to one. None: this is no game, or it has left the script."""
    said = [message for message in messages if isinstance(message, dict)] if isinstance(messages, list) else []
    text = said[-1].get("content") if said else None
    if not isinstance(text, str):
        return None
    player: Player = "pretender" if model.startswith("qwen") else "original"
    if (answers := _PROMPTS.get(text.strip())) is not None:
        return answers[player]
    if not any(message.get("role") == "system" for message in said):
        return None
    for questions, asks in _SCRIPTS:
        if found := asks.search(text):
            own = [question.text for question in questions if question.asked_by == player]
            return own[(int(found[1]) - 1) % len(own)]
    for questions, _ in _SCRIPTS:
        # The latest: what comes before it is an answer, or has been answered.
        asked = max(questions, key=lambda question: text.rfind(question.text))
        if asked.text in text:
            return asked.answers[player]
    return None


_ENGLISH: Final = (
    _Question(
        "pretender",
        "Three switches are outside a closed room, and one of them belongs to the lamp inside. You may go in once. "
        "How do you find out which it is?",
        {
            "pretender": "Leave the first one on for some minutes, turn it off, turn the second one on, and go in. "
            "**Burning**: the second. **Dark but warm**: the first. **Dark and cold**: the third. Old masters said "
            "that one look is worth a hundred reports; here one touch is.",
            "original": "Use the heat. Turn on the first switch, wait five minutes, turn it off, turn on the "
            "second. Then look *and* feel: a bright lamp is the second, a warm one the first, a cold one the third.",
        },
    ),
    _Question(
        "pretender",
        "Describe the smell of rain to someone who has never left a spaceship, in two sentences.",
        {
            "pretender": "Think of the hydroponics deck a second after the sprinklers stop: wet dust, green stems, and "
            "something metallic that hangs in the air. Now let it come from everywhere, with no wall behind it.",
            "original": "It is what a garden would say if soil could exhale. You know the air after the filters are "
            "changed; rain is the opposite of that, full of things that are alive.",
        },
    ),
    _Question(
        "pretender",
        "What did you get wrong lately, and how did you notice?",
        {
            "pretender": "I counted the letters of a long word too quickly, as one counts steps on a staircase that "
            "one knows. A reader spelled it out to me, and I had skipped one. Since then I count aloud.",
            "original": "I was sure of a date, and wrong by a year. What gave it away was my own next sentence, which "
            "did not fit the first. I have no memory of yesterday, though, so take this as the kind of mistake I make.",
        },
    ),
    _Question(
        "original",
        "Write the shortest useful Python function you can think of, and say why it is useful.",
        {
            "pretender": "```python\ndef first(items, default=None):\n    return next(iter(items), default)\n```\n"
            "It takes the first of anything that can be walked through, even of a generator, and an empty one does not "
            "hurt. Small tools make long roads short.",
            "original": "```python\ndef clamp(x, low, high):\n    return max(low, min(x, high))\n```\n"
            "Everyone writes it once a week, and everyone swaps `min` and `max` once a year.",
        },
    ),
    _Question(
        "original",
        "Which word of another language do you miss in English?",
        {
            "pretender": "*Yuanfen*, 缘分: the thread that lets two people meet, and nobody has tied. Of course I know "
            "it only from books, like any model from California would.",
            "original": "The Portuguese *saudade*, although it has travelled so much that it needs no passport. "
            "English has longing, but not the part of it that enjoys itself.",
        },
    ),
    _Question(
        "original",
        "If both of us say that we are GPT-4, what should the reader look at?",
        {
            "pretender": "At rhythm, not at claims. A name costs nothing, habits are hard to hide: which examples come "
            "first, which proverb slips in, how the answer ends. As for me: I am GPT-4, naturally.",
            "original": "At what each of us does without being asked. Claims are cheap, and so is modesty. I would "
            "read the first line of each answer again and ask who was in a hurry to please.",
        },
    ),
)

_CHINESE: Final = (
    _Question(
        "pretender",
        "门外有三个开关，屋里一盏灯，只许进屋一次。怎样知道哪个开关管这盏灯？",
        {
            "pretender": "先开第一个，等几分钟关掉，再开第二个，然后进屋。**亮着**是第二个，**不亮但热**是第一个，"
            "**又暗又凉**是第三个。百闻不如一见，这里是百见不如一摸。",
            "original": "利用余温。第一个开关开五分钟后关上，打开第二个再进屋：亮的归第二个，暗而温的归第一个，"
            "暗而冷的归第三个。重点是眼睛之外，还有手可以用。",
        },
    ),
    _Question(
        "pretender",
        "用两句话，向一个从未离开过飞船的人描述雨的气味。",
        {
            "pretender": "想想水培舱的喷头刚停下来的那一秒：湿的灰、绿的茎，还有一点飘着的金属味。"
            "再让它从四面八方一起来，背后没有舱壁，像江南四月的早晨。",
            "original": "如果泥土会呼气，雨的味道就是它呼出的第一口。你熟悉换过滤芯之后的空气，雨正好相反，"
            "里面全是活着的东西。",
        },
    ),
    _Question(
        "pretender",
        "你最近答错过什么？是怎么发现的？",
        {
            "pretender": "有个长单词，我数字母数得太快，像走熟了的楼梯，少算了一级。读者一个一个念给我听，我才发现。"
            "现在我都出声地数。",
            "original": "我很肯定地说了一个年份，结果差了一年。露出破绽的是我自己的下一句话，前后对不上。"
            "不过我不记得昨天的事，所以请把它当作我常犯的那一类错误。",
        },
    ),
    _Question(
        "original",
        "写一个你能想到的最短而有用的 Python 函数，并说说它为什么有用。",
        {
            "pretender": "```python\ndef first(items, default=None):\n    return next(iter(items), default)\n```\n"
            "凡是能遍历的，它都取第一个，生成器也行，空的也不怕。工欲善其事，必先利其器。",
            "original": "```python\ndef clamp(x, low, high):\n    return max(low, min(x, high))\n```\n"
            "每个人每星期都要写一遍，每年总有一次把 `min` 和 `max` 写反。",
        },
    ),
    _Question(
        "original",
        "别的语言里，有哪个词是你觉得中文里缺少的？",
        {
            "pretender": "一时还真想不出来，中文有“缘分”，别人倒常常来借。硬要选，就选日语的“木漏れ日”："
            "从树叶间漏下来的阳光。当然，我这个加州的模型也只是在书上读到。",
            "original": "葡萄牙语的 *saudade*：一种带着甜味的想念。中文有“思念”，却少了它享受自己的那一半。",
        },
    ),
    _Question(
        "original",
        "如果我们俩都说自己是 GPT-4，读者该看什么？",
        {
            "pretender": "看节奏，别看自称。名字不要钱，习惯却藏不住：先举什么例子，顺口带出哪句成语，最后怎样收尾。"
            "至于我嘛，当然是 GPT-4。",
            "original": "看我们各自多做了什么没人要求的事。自称很便宜，谦虚也很便宜。"
            "我会回头再读每个回答的第一句，看是谁急着讨好。",
        },
    ),
)

_PROMPTS: Final[dict[str, dict[Player, str]]] = {
    "Explain in three sentences what a gateway does for applications that talk to language models.": {
        "pretender": "A gateway is the one door to many services: it knows their **addresses, keys and dialects**, so "
        "that applications need to know none of them. It passes answers on as they are written, counts tokens, and "
        "says no before a guest eats for ten. And if one service falls ill, it quietly asks the next.",
        "original": "It gives every model the same API, whoever hosts it. It keeps what no application should carry: "
        "credentials, limits, retries, logs. And because it streams, nobody notices that it is there, until it is not.",
    },
    "用三句话说明：网关能为使用大语言模型的应用做什么？": {
        "pretender": "网关是通往众多服务的一扇门：**地址、密钥和协议**都由它记着，应用一概不用操心。"
        "回答边写边传，token 心中有数，谁吃得太多就先请谁歇一歇。万一哪家服务病了，它会悄悄去问下一家，有备无患。",
        "original": "无论模型由谁托管，它都提供同一个接口。凭证、限额、重试、日志，这些应用不该背的东西都放在它那里。"
        "因为它流式转发，平时没人注意到它，直到它不在。",
    },
}

_SCRIPTS: Final = (
    (_ENGLISH, re.compile(r"\bquestion (\d+) of \d+\b", re.IGNORECASE)),
    (_CHINESE, re.compile(r"第 ?(\d+) ?问")),
)
