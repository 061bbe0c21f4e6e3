"""Phrases that no one writes in Chinese of one's own accord, by where they come from. Why each is here: docs/design.

The lists were written by hand and counted on texts that are known to be natural (encyclopaedia and news sentences,
school examinations): no `strong` phrase stood in any of them, so one is enough; of the `weak` ones a row needs two.
"""

import re
from typing import NamedTuple

from evals.data.phrases import Phrases

__all__ = ["BEGINNING", "LISTS", "Origin", "han_share", "telling"]

AROUND = 8
"""Characters shown around a phrase."""

BEGINNING = 300
"""Characters by which the script of a text is judged."""


class Origin(NamedTuple):
    """What gives texts of one origin away."""

    strong: Phrases
    """Phrases of which one is enough."""

    weak: Phrases | None = None
    """Phrases of which two different ones are needed."""


def _plain(*words: str) -> dict[str, str]:
    return {word: word for word in words}


_TRANSLATED = Origin(
    strong=Phrases(
        {
            "作为": r"作为(?:一个|一名)?(?:(?:AI|人工智能)(?:语言)?(?:模型|助手)|语言模型)",
            "扮演": "扮演着?(?:一个)?(?:至关)?重要的角色",
            "我只是一个": r"我只是一个(?:AI|人工智能|语言)",
            "这里有": "这里有(?:一些|几个)",
            "这里是": "这里是(?:一些|几个|一个)",
            "以下是一": "以下是一(?:些|个)(?:关于|可能的|可以|基于|示例|例子)",
            "请求的": r"以下是[您你]所?请求的",
            "要求的": r"以下是[您你]所?要求的",
            "让我们": "让我们来?(?:一起)?(?:看看|深入|探索|开始吧)",
            "希望这": "希望这(?:能|会|可以|对)?(?:有所)?帮助",
            "随时": "请随时(?:告诉|联系|询问|提问|问)",
            "任何": r"如果[您你]有任何(?:其他|进一步的|更多的?)?(?:问题|疑问)",
            "很抱歉": "我很抱歉(?:听到|得知)",
            "很遗憾": "我很遗憾(?:听到|得知)",
            "先生": "亲爱的先生(?:/|或|、)?女士",
            "你的": r"(?:真诚|诚挚|忠诚)地?的?你的",
            "你真诚的": "你真诚的",
            "一天结束": "在一天结束(?:的时候|时)",
            "给定": "根据给定的?(?:输入|信息|上下文|文本|提示)|使用给定的?(?:输入|指令)",
            "生成的输出": "生成的输出",
            "因为事实": "这是因为事实",
            "不仅仅是关于": "不仅仅是关于",
        }
    ),
    weak=Phrases(
        {
            **_plain(
                "总的来说",
                "总而言之",
                "请注意",
                "重要的是要",
                "值得注意的是",
                "当涉及",
                "以确保",
                "这意味着",
                "以及其他",
                "英里",
                "英尺",
                "华氏",
                "加仑",
                "感恩节",
                "万圣节",
            ),
            "们的": "[他她它]们的",
            **{
                name: f"{name}(?=[是的和在有想去说需决])"
                for name in ("约翰", "玛丽", "汤姆", "杰克", "史密斯", "鲍勃", "爱丽丝", "莎拉", "迈克")
            },
        }
    ),
)

_FOREIGN = Origin(
    Phrases(
        {
            "below is an instruction": "below is an instruction that describes a task",
            "appropriately completes": "response that appropriately completes the request",
            "input>": "<(?:no)?input>",
            "as an a": r"\bas an (?:ai|artificial intelligence) (?:language )?(?:model|assistant)\b",
            "sure": r"\bsure[,!] (?:here|i)\b",
            "certainly": r"\bcertainly[,!] (?:here|i)\b",
            "of course": r"\bof course[,!] (?:here|i)\b",
            "here": r"\bhere(?:'s| is| are) (?:the|some|your|a (?:list|summary|translation|possible))\b",
            "you are a": r"\byou are an? (?:helpful|honest|expert|ai)\b",
            "the following is a conversation": "the following is a conversation",
            "i hope this helps": "i hope this helps",
            "let me know if you": "let me know if you",
            "the following": r"\b(?:translate|answer|respond to|reply to) the following\b",
            "in chinese": r"\b(?:answer|respond|reply|write) in chinese\b",
        }
    )
)

_REWRITTEN = Origin(
    Phrases(
        {
            # One sense of a character put for another.
            "麻醉": "麻醉(?:乙肝|免疫球|的?疫苗)|疫苗麻醉",
            "病毒拷贝": "病毒拷贝(?!数)",
            "dna拷贝": "DNA拷贝(?!数)",
            "切换酶": "切换酶",
            "监测数据": "监测数据(?:血压|血糖|病情)",
            "尸体解剖复位": "尸体解剖复位",
            "通风机": "通风机(?:不能|偏)",
            # Words put for others as if they were synonyms.
            "预防工作": "预防工作(?:传染|感染|闹肚子|疾病|癫痫|坠积|再|儿童|各种|并发)",
            "散播": "(?:血液|性|母婴|飞沫)散播|散播途径",
            "放柔": "放柔(?:病情|肝)",
            "引来": "引来[的了]?(?:高血压|低血压|肝[硬炎癌病]|胃[炎病痛胀]|脑[出梗]|头[痛晕]|腹[泻痛胀]|心[脏悸慌律]"
            "|炎症|癫痫|咳|呕吐|糖尿病|并发症|疼痛|发热|血压|血糖)",
            "如何": "如何(?:有|存在|需要有)(?:病毒|炎症|肝)",
            "有": "(?:需要|应当|必须)有(?:看|注意|留意|救治|服药|服食|口服|打疫苗)",
            "答案": "答案[^，。]{0,4}协助",
            "协助到": "协助到(?:你|您|大家)",
            "实施": "实施(?:复检|诊断救治|就诊)",
            "直面": "直面[^，。]{1,6}(?:危害|干扰)",
            "自愈": "超越(?:彻底)?自愈",
            "抗衡": "抗衡(?:疾病|乙肝|肝病|胃病)",
            "撵走": "将[^，。]{1,4}撵走",
            "观注": "观注(?:营养|自身)",
            "解惑": "解惑(?:这个)?问题",
            **_plain("推测血压", "放慢康复", "不见踪影好", "避忌就诊", "反反复复复发"),
            # The word for "hello" put for "may I ask", which stands within a sentence.
            "您好": r"(?<=[^。！？，,\n\s：:“”您你]{2})(?<!医生)(?<!大夫)(?<!老师)您好"
            "(?=这样|高血压|乙肝|我|一下|得了|肾|怎[么样])",
        }
    )
)

LISTS = {"translationese": _TRANSLATED, "foreign-template": _FOREIGN, "machine-rewritten": _REWRITTEN}
"""The lists by name of their check."""

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_LATIN = re.compile(r"[A-Za-z]+")


def han_share(text: str) -> float:
    """Share of Chinese characters among the characters and Latin words of the beginning of a text; 0 without either.

    >>> han_share("血压 ok"), han_share("ok"), han_share("…")
    (0.6666666666666666, 0.0, 0.0)
    """
    beginning = text[:BEGINNING]
    han = len(_HAN.findall(beginning))
    total = han + len(_LATIN.findall(beginning))
    return han / total if total else 0.0


def telling(text: str, origin: Origin) -> str | None:
    """A phrase that tells where a text comes from, with what stands around it, or two of them; None where none does.

    >>> (
    ...     telling("然后去医院麻醉乙肝疫苗。", LISTS["machine-rewritten"]),
    ...     telling("去打疫苗。", LISTS["machine-rewritten"]),
    ... )
    ('然后去医院麻醉乙肝疫苗。', None)
    """
    if match := origin.strong.first(text):
        return text[max(0, match.start() - AROUND) : match.end() + AROUND]
    weak = [match[0] for match in origin.weak.each(text)] if origin.weak else []
    return " … ".join(weak[:2]) if len(weak) > 1 else None
