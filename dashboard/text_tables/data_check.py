"""Words of the check of a run's data, and of how the data is made up."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "check.heading": {"zh": "数据检查", "en": "Data check"},
    "check.score": {"zh": "得分 {score}（满分 100）", "en": "score {score} of 100"},
    "check.rows": {"zh": "共 {count:,} 行", "en": "{count:,} rows"},
    "check.rows.one": {"zh": "共 1 行", "en": "1 row"},
    "check.when": {"zh": "{time}检查", "en": "checked {time}"},
    "check.suites": {"zh": "对照测试集 {names}", "en": "against the suites {names}"},
    "check.button": {"zh": "检查这些数据", "en": "Check this data"},
    "check.again": {"zh": "重新检查", "en": "Check again"},
    "check.button.help": {
        "zh": "在后台查找重复、泄漏、个人信息、乱码等问题，不影响训练；十万行约需一分钟。",
        "en": "Looks for duplicates, leaks, personal data, garbled text and more in the background; training goes on. "
        "A hundred thousand rows take about a minute.",
    },
    "check.none": {
        "zh": "还没有检查过这些数据。检查会说明有哪些问题、各有多少行、例子在哪里。",
        "en": "This data has not been checked. A check says what is wrong with it, in how many rows, with examples.",
    },
    "check.none.read": {
        "zh": "还没有检查过这些数据；可以操作运行的人能在这里开始检查。",
        "en": "This data has not been checked; someone who may act on runs can start a check here.",
    },
    "check.waiting": {
        "zh": "等待检查：另一项检查结束后开始",
        "en": "waits to be checked: begins when another check has ended",
    },
    "check.running": {"zh": "正在检查，{time}开始", "en": "being checked, begun {time}"},
    "check.asked_by": {"zh": "由 {name} 发起", "en": "asked for by {name}"},
    "check.failed": {
        "zh": "{time}的检查没有完成：{reason}。",
        "en": "The check asked for {time} was not made: {reason}.",
    },
    "check.stopped": {
        "zh": "检查结束之前，仪表盘被停止了，请重新检查",
        "en": "the dashboard was stopped before it ended; check again",
    },
    "check.too_slow": {
        "zh": "超过 {minutes} 分钟仍未结束，已中止；请在命令行用 assay data check 检查",
        "en": "it took longer than {minutes} minutes and was ended; use assay data check on the command line",
    },
    "check.refused": {"zh": "检查没有开始：{reason}", "en": "The check was not begun: {reason}"},
    "check.changed": {
        "zh": "{names} 在训练之后改动过：这里说的是现在的文件，不是这个运行学过的内容。",
        "en": "{names} changed after the run read it: this is about the file as it is now, not about what was learned.",
    },
    "check.changed.kept": {
        "zh": "{names} 在训练之后改动过：这里说的是训练时的内容。",
        "en": "{names} changed after the run read it: this is about what the run read.",
    },
    "check.changed.none": {
        "zh": "{names} 在训练之后改动过：现在检查，查的不是这个运行学过的内容。",
        "en": "{names} changed after the run read it: a check looks at the file as it is now, not at what was learned.",
    },
    "check.gone": {
        "zh": "{names} 已不在原处，无法再检查。",
        "en": "{names} is no longer where it was, so the data cannot be checked any more.",
    },
    "check.left_out": {
        "zh": "没有检查 {names}：通用数据的列名与训练数据不同。",
        "en": "{names} was not looked at: general data has columns of its own.",
    },
    "check.clean": {"zh": "没有发现问题。", "en": "Nothing was found."},
    "check.severity": {"zh": "程度", "en": "severity"},
    "check.severity.error": {"zh": "错误", "en": "error"},
    "check.severity.warning": {"zh": "警告", "en": "warning"},
    "check.severity.info": {"zh": "提示", "en": "note"},
    "check.finding": {"zh": "问题", "en": "finding"},
    "check.count": {"zh": "行数", "en": "rows"},
    "check.items": {"zh": "{count:,} 题", "en": "{count:,} items"},
    "check.items.one": {"zh": "1 题", "en": "1 item"},
    "check.examples": {"zh": "{count} 个例子", "en": "{count} examples"},
    "check.examples.one": {"zh": "1 个例子", "en": "1 example"},
    "made_up.heading": {"zh": "数据构成", "en": "What it is made of"},
    "made_up.unit.tokens": {"zh": "词元", "en": "tokens"},
    "made_up.unit.characters": {"zh": "个字符", "en": "characters"},
    "made_up.question_length": {"zh": "问题长度（{unit}）", "en": "Length of questions, in {unit}"},
    "made_up.answer_length": {"zh": "回答长度（{unit}）", "en": "Length of answers, in {unit}"},
    "made_up.text_length": {"zh": "文本长度（{unit}）", "en": "Length of texts, in {unit}"},
    "made_up.length": {"zh": "长度", "en": "length"},
    "made_up.middle": {
        "zh": "中位数 {median} · 95 % 不超过 {p95} · 最长 {longest}",
        "en": "median {median} · 95 % up to {p95} · longest {longest}",
    },
    "made_up.turns": {"zh": "对话轮数", "en": "Questions in a conversation"},
    "made_up.languages": {"zh": "语言", "en": "Languages"},
    "made_up.sources": {"zh": "来源", "en": "Sources"},
    "made_up.subtasks": {"zh": "子任务", "en": "Subtasks"},
    "made_up.kind": {"zh": "种类", "en": "kind"},
    "made_up.rest": {"zh": "其余", "en": "all others"},
    "made_up.all": {"zh": "{name}（全部行）", "en": "{name}, in all rows"},
    "made_up.language.too short to tell": {"zh": "太短，无法判断", "en": "too short to tell"},
    "made_up.language.Chinese": {"zh": "中文", "en": "Chinese"},
    "made_up.language.traditional Chinese": {"zh": "繁体中文", "en": "traditional Chinese"},
    "made_up.language.Latin script": {"zh": "拉丁字母", "en": "Latin script"},
    "made_up.language.Japanese": {"zh": "日文", "en": "Japanese"},
    "made_up.language.Korean": {"zh": "韩文", "en": "Korean"},
    "made_up.language.Cyrillic": {"zh": "西里尔字母", "en": "Cyrillic"},
    "made_up.language.Arabic": {"zh": "阿拉伯字母", "en": "Arabic"},
}
