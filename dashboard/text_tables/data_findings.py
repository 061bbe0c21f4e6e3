"""What checks of data find: a name and a sentence for each, and the words within examples.

The English sentences are the checks' own (`evals.data.meanings`), the English words of examples those they write.
"""

from dashboard.text_tables.shape import Text
from evals.data.meanings import MEANINGS

__all__ = ["TEXTS"]

_FINDINGS = {
    "not-utf8": ("not UTF-8", "不是 UTF-8", "训练只读 UTF-8；`assay data build` 会转成它"),
    "mojibake": ("garbled characters", "乱码", "用错了编码读取；重新取得文件，或删去这些行"),
    "missing-glyphs": ("missing glyphs", "缺字方框", "字体缺字留下的方框，或没有意义的字符；删去这些行"),
    "control-characters": ("unseen characters", "不可见字符", "看不见的控制字符；`assay data build` 会去掉"),
    "markup": ("markup left over", "残留的网页标记", "网页的残留，如 &nbsp; 和 <br>；`assay data build` 会去掉"),
    "half-width-signs": ("half-width signs", "半角标点", "汉字之间用了西文的逗号和句号"),
    "mixed-formats": ("mixed formats", "格式不一", "文件的格式不同；`assay data build` 会写成一种"),
    "mixed-system-turns": ("mixed system turns", "系统提示不一", "有的行有系统提示，有的没有；要么都有，要么都没有"),
    "template-tokens": (
        "template tokens in the words", "文字里有模板标记",
        "文字里混有对话模板的标记；`assay data build` 会去掉",
    ),
    "speaker-labels": (
        "speaker labels", "说话人标签", "文字前有 `Question:` 或 `答：` 这类标签；`assay data build` 会去掉",
    ),
    "empty-answer": (
        "empty answers", "回答为空", "最后的回答没有可学的内容；`assay data build` 会删去这些行，或截到它之前",
    ),
    "empty-question": ("empty questions", "问题为空", "没有问题，只有回答；`assay data build` 会删去这些行"),
    "broken-off-answer": ("broken-off answers", "回答中断", "回答停在还没说完的地方；补全，或删去这些行"),
    "answer-without-end-mark": ("no mark at the end", "结尾没有标点", "有好几句话，最后一句却没有标点；看看是否缺字"),
    "echoed-question": ("echoed questions", "复述问题", "回答先把问题重复了一遍；删掉重复的部分"),
    "exact-duplicates": ("exact duplicates", "完全重复", "同一行又出现；`assay data build` 只留第一行"),
    "near-duplicates": ("near duplicates", "近似重复", "几乎相同的行又出现；`assay data build` 只留第一行"),
    "repeated-answers": ("repeated answers", "同一回答多次出现", "一段长回答用在了不同的问题上；看看是否答对了题"),
    "stock-sentences": ("stock sentences", "套话", "很多回答里都有的一句话，模型也会照样说"),
    "contradictory-answers": ("contradictory answers", "回答互相矛盾", "同一问题的回答互相矛盾；只留正确的"),
    "several-answers": ("several answers", "一问多答", "同一问题有不同的回答"),
    "nothing-left-to-learn": (
        "nothing left to learn", "没有剩下可学的", "回答之前的文字太长，训练读不到回答的任何一个字",
    ),
    "too-long": ("too long", "过长", "训练时末尾会被截掉；缩短这些行，或调大 data.max_length"),
    "long-history": ("long history", "对话历史过长", "最后一问之前的对话很长；`assay data build` 会压缩"),
    "filler": ("filler", "客套话", "问候、致谢、祝福、犹豫的话；`assay data build` 会去掉"),
    "repeated-phrase": ("repeated phrases", "短语重复", "同一短语连说三遍，坏掉的模型才这样写"),
    "repeated-sign": ("repeated signs", "字符重复", "一个字母连写七遍，或两个逗号、句号相连"),
    "phone-number": ("phone numbers", "电话号码", "个人信息；`assay data build` 会打码"),
    "id-card": ("identity card numbers", "身份证号", "个人信息；`assay data build` 会打码"),
    "bank-card": ("bank card numbers", "银行卡号", "个人信息；`assay data build` 会打码"),
    "email-address": ("e-mail addresses", "电子邮箱", "个人信息；`assay data build` 会打码"),
    "other-language": ("other language", "语言不同", "与所在文件的多数行语言不同"),
    "mixed-languages": ("mixed languages", "语言混合", "不是最常见的语言；有意混合就不必改"),
    "answer-in-other-language": (
        "answer in another language", "答非所问的语言", "回答与问题的语言不同，而问题并没有这样要求",
    ),
    "translationese": ("translationese", "翻译腔", "读起来像翻译的中文；请母语者重写"),
    "foreign-template": ("foreign template", "外文模板句", "中文行里有指令模板的英文句子；去掉它们"),
    "machine-rewritten": ("machine-rewritten", "机器改写", "机器替换了词语，许多换错了；改用原来的文本"),
    "unbalanced-subtasks": (
        "unbalanced subtasks", "子任务不均衡", "比居中的子任务多或少十倍以上；`assay data build` 会削减过多的",
    ),
    "no-subtask": ("no subtask", "没有标明子任务", "没有写明任务、类别或科室，因此不知道是否均衡"),
    "refusals": ("refusals", "拒答", "拒绝回答；模型从很少的几条就能学会拒答"),
    "negative-examples": ("negative examples", "否定样本", "如实说明没有的回答；有这些是好事，模型就不会编造"),
    "same-answers": ("same answers", "两个回答相同", "偏好的两个回答相同，学不到东西；删去这些行"),
    "empty-rejected-answer": ("empty rejected answers", "被拒的回答为空", "被拒的回答是空的，写什么都更好；删去这些行"),
    "longer-answer-chosen": ("longer answers chosen", "总选较长的回答", "几乎总是选了较长的回答，模型会学着写得长"),
    "leakage": ("leakage from suites", "评测题泄漏", "测试集的题目出现在训练数据里；分数测的会是记忆"),
}  # fmt: skip
"""By the name of the check: its name in English and Chinese, and its sentence in Chinese."""

_EXAMPLES: dict[str, Text] = {
    "finding.example.before": {"zh": "回答之前有 {n} {unit}", "en": "{n} {unit} before the answer"},
    "finding.example.size": {"zh": "共 {n} {unit}", "en": "{n} {unit}"},
    "finding.example.history": {
        "zh": "最后一问之前有 {turns} 轮、{n} 个字符",
        "en": "{n} characters in {turns} turns before the last question",
    },
    "finding.example.as": {"zh": "同 {place}：{text}", "en": "as {place}: {text}"},
    "finding.example.times": {"zh": "{n} 次：{text}", "en": "{n} x {text}"},
    "finding.example.subtask": {
        "zh": "{name}：{n} 行，居中的子任务有 {usual} 行",
        "en": "{name}: {n} rows, the middle subtask has {usual}",
    },
    "finding.example.no_subtask": {
        "zh": "没有写明任务、类别或科室",
        "en": "names no task, category or department",
    },
    "finding.example.encoding": {"zh": "文件的编码是 {name}", "en": "the file is in {name}"},
    "finding.example.format": {"zh": "{name}，多数是 {usual}", "en": "{name}, most are {usual}"},
    "finding.example.system": {"zh": "有系统提示，多数没有", "en": "has a system turn, most have none"},
    "finding.example.no_system": {"zh": "没有系统提示，多数有", "en": "has no system turn, most have one"},
    "finding.example.longer": {
        "zh": "{share}% 的较长；这里是 {n} 与 {m} 个字符",
        "en": "{share} % are longer; here {n} and {m} characters",
    },
    "finding.example.language": {"zh": "语言：{spoken}；{text}", "en": "{spoken}: {text}"},
}

TEXTS: dict[str, Text] = {
    **{f"finding.{check}": Text(zh=zh, en=en) for check, (en, zh, _) in _FINDINGS.items()},
    **{f"finding.{check}.means": Text(zh=zh, en=MEANINGS[check]) for check, (_, _, zh) in _FINDINGS.items()},
    **_EXAMPLES,
}
