"""Words that say nothing: greetings, thanks and good wishes around an answer, and hesitations within it.

They are taken for filler only where they stand as a clause of their own at the beginning or the end of an answer, or
between commas. Where letters, wishes or dialogues are asked for, such words are what was wanted.
"""

import re
from typing import NamedTuple

from evals.data.stance import asks_yes_or_no

__all__ = ["Stripped", "strip_filler", "wants_courtesy"]

LONGEST = 120
"""Characters at the end of a text in which a closing clause is looked for."""


class Stripped(NamedTuple):
    """A text without filler."""

    text: str
    """What is left; the text itself where nothing would be."""

    removed: tuple[str, ...]
    """What was taken out; empty for nothing."""


def strip_filler(text: str, question: str = "") -> Stripped:
    """Take filler out of an answer; words of assent stay where the question asks for yes or no, as they answer it.

    >>> strip_filler("您好，多喝水。希望我的回答能帮助到您，谢谢！")
    Stripped(text='多喝水。', removed=('您好，', '希望我的回答能帮助到您，', '谢谢！'))
    """
    removed: list[str] = []
    left = text
    opening = _OPENING if asks_yes_or_no(question) else _OPENING_OR_ASSENT
    while (match := opening.match(left)) or (match := _CLOSING.search(left, max(0, len(left) - LONGEST))):
        cut = match.span("filler")
        if not match["filler"].strip():
            break
        removed.append(match["filler"].strip())
        left = left[: cut[0]].rstrip(" \t") + left[cut[1] :]
    hesitant = list[str]()
    if _HESITANT.search(left):
        hesitant = _HESITATION.findall(left)
        left = _HESITATION.sub("", left)
    # Clauses are looked for from the end, and a person reads from the beginning.
    shown = tuple(sorted((*removed, *hesitant), key=text.find))
    left = _ended(left.strip())
    if not re.search(r"\w", left):
        return Stripped(text, ())
    return Stripped(left, shown) if shown else Stripped(text, ())


def wants_courtesy(question: str) -> bool:
    """Whether greetings and wishes may be what a question asks for.

    >>> wants_courtesy("帮我写一封邮件给客户"), wants_courtesy("发热怎么办？")
    (True, False)
    """
    return bool(_COURTEOUS.search(question))


_GAP = r"(?:[ \t]*[，,。.！!：:～~、;；…\n]+\s*)+"
"""A sign that ends a clause, and what white space there is: a word alone is none."""

_OPENING_WORDS = (
    r"(?:您|你)好啊?呀?",
    "亲爱的(?:朋友|用户|患者)(?:您|你)好",
    "(?:这位|楼主)(?:朋友|患者)?(?:您|你)好",
    "朋友(?:您|你)好",
    r"(?:很|非常)?高兴(?:能够?)?(?:为|给|帮)(?:您|你|大家)(?:解答|解惑|回答|服务|解决)[^，。！：,!:]{0,8}",
    r"(?:这是|这真是)一?个(?:很|非常)?(?:好|棒|有趣)的问题",
    "(?:感谢|谢谢)(?:您|你)的?(?:提问|咨询|信任|问题)",
    r"(?:that'?s|what) an? (?:great|good|excellent|interesting) question",
    r"great question",
    r"thank(?:s| you) for (?:asking|your question)",
    r"(?:i'?m|i am) (?:happy|glad) to help(?: you)?(?: with that)?",
)
_ASSENT_WORDS = (
    "当然(?:可以|了|啦)?(?=[，！!。])",
    "好的(?=[，！!。])",
    "没问题(?=[，！!。])",
    r"sure(?: thing)?",
    "certainly",
    "absolutely",
    "of course",
)
"""Filler where something is asked for, and the answer itself where yes or no is."""


def _opening(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\s*(?P<filler>(?:{'|'.join(words)}){_GAP})(?=\S)", re.IGNORECASE)


_OPENING, _OPENING_OR_ASSENT = _opening(_OPENING_WORDS), _opening((*_OPENING_WORDS, *_ASSENT_WORDS))

_CLOSING_WORDS = (
    r"(?:最后)?(?:希望|期望|愿)[^。！？!?，,\n]{0,20}(?:帮助|协助)(?:到|了)?(?:您|你|大家|患者)?",
    r"(?:最后)?(?:希望|期望|愿)[^。！？!?，,\n]{0,14}(?:帮到|有所?(?:帮助|协助))(?:您|你|大家|患者)?",
    r"(?:在此|最后)?(?:祝愿?|祝福)(?:您|你|患者|大家|朋友|早日|身体|孩子|宝宝|老人|健康|生活)[^。！？!?，,\n]{0,16}",
    r"(?:以上|上述)[^。！？!?，,\n]{0,16}(?:供(?:您|你|大家)?参考|[做作]为参考)",
    r"以上(?:就是|是)[^。！？!?，,\n]{0,24}的?(?:建议|回答|解答|意见|全部内容)",
    r"(?:意见|回答)?仅供参考",
    r"(?:谢谢|感谢|多谢)(?:您|你|大家)?(?:的?(?:提问|咨询|信任|阅读|支持|关注|合作|理解))?",
    r"如果?(?:您|你)?还?有(?:其他|任何|什么|更多)的?(?:疑问|问题|需要)[^。！？!?\n]{0,24}(?:联系|咨询|提问|告诉我|询问|帮助|解答)[^。！？!?\n]{0,8}",
    r"(?:i )?hope (?:this|that|it|these) (?:helps?|is helpful)[^.!?\n]{0,20}",
    r"(?:please )?(?:feel free to (?:ask|reach out|let me know)|(?:just )?let me know if you)[^.!?\n]{0,60}",
    r"(?:is there|do you have) any(?:thing)? (?:else|other)[^.!?\n]{0,40}\?",
    r"have a (?:great|nice|good|wonderful) day",
)
_CLOSING = re.compile(
    rf"(?:^|(?<=[。！？!?；;，,.…\s]))(?P<filler>(?:{'|'.join(_CLOSING_WORDS)})[，,。.！!～~、;；\s…]*)$", re.IGNORECASE
)

_HESITANT = re.compile(r"[嗯呃唔啊哦噢诶唉哎额个说呢]|\b(?:u+h|u+m|h+m|er|well)", re.IGNORECASE)
_HESITATION = re.compile(
    r"(?:(?<=[，。！？、…,.!?\s])|^)"
    r"(?:嗯+|呃+|唔+|啊+|哦+|噢+|诶+|唉+|哎+|额+|那个|这个嘛?|就是说|怎么说呢|然后呢"
    r"|u+h+m*|u+m+|h+m+m*|er+m*|well, you know)"
    r"[，、…,~～]+\s*",
    re.IGNORECASE,
)

_COURTEOUS = re.compile(
    r"邮件|信函|书信|写一?封|回信|祝福|祝词|贺词|问候|致辞|短信|对话|剧本|台词|演讲|评论|邀请|感谢|道歉|打招呼|角色|扮演|翻译|故事|小说|模仿|续写"
    r"|(?<![a-z])(?:e-?mails?|letters?|messages?|dialogues?|conversations?|speech|script|story|greet|translat|invit|apolog|reply|replies|respond|response|"
    r"review|roleplay|role-play|comment|post|note|card|toast|chat)",
    re.IGNORECASE,
)


def _ended(text: str) -> str:
    """A comma that is now the last sign becomes the full stop of its script."""
    return re.sub(r"[，、；]+$", "。", text) if text[-1:] in "，、；" else text
