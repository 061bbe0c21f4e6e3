"""Words of Run · Samples."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "view.samples": {"zh": "样例回答", "en": "Samples"},
    "samples.prompts": {"zh": "{count} 个提示词", "en": "{count} prompts"},
    "samples.prompts.one": {"zh": "1 个提示词", "en": "1 prompt"},
    "samples.prompts.what": {
        "zh": "没有参加训练；每个检查点都以贪心解码回答",
        "en": "kept out of training; each checkpoint answers them greedily",
    },
    "samples.choose": {"zh": "选中一行，查看完整的回答和改动。", "en": "Choose a row to read its answers in full."},
    "samples.newest": {
        "zh": "表中是最近 {count} 个检查点（最新的在前）和基座；下面有全部。",
        "en": "The table shows the newest {count} checkpoints, the newest first, and the base; all of them are below.",
    },
    "samples.asked": {"zh": "提问：{question}", "en": "asked: {question}"},
    "samples.prompt": {"zh": "提示词", "en": "prompt"},
    "samples.reference": {"zh": "参考答案", "en": "reference"},
    "samples.unchanged": {"zh": "与{place}的回答相同", "en": "unchanged from {place}"},
    "samples.unchanged.cell": {"zh": "＝ 不变", "en": "= unchanged"},
    "samples.anew": {"zh": "全部重写", "en": "written anew"},
    "samples.nothing": {"zh": "（没有回答任何内容）", "en": "(said nothing)"},
    "samples.legend": {"zh": "与前一个回答相比：", "en": "Against the answer before:"},
    "samples.legend.new": {"zh": "新增", "en": "new"},
    "samples.legend.gone": {"zh": "删去", "en": "gone"},
    "samples.base": {"zh": "第 0 步 · 基座", "en": "step 0 · base"},
    "samples.ask": {"zh": "问一个问题", "en": "Ask a question"},
    "samples.ask.question": {"zh": "问题", "en": "Question"},
    "samples.ask.places": {"zh": "问哪些检查点", "en": "Whom to ask"},
    "samples.ask.send": {"zh": "提问", "en": "Ask"},
    "samples.ask.empty": {
        "zh": "请写下问题，并选择至少一个检查点。",
        "en": "Write a question and choose a checkpoint.",
    },
    "samples.none": {
        "zh": "还没有样例回答。在配置中加上这一节，之后的训练会在第 0 步和每个检查点回答预留的提示词：",
        "en": "No answers yet. With this in the configuration, training answers held-out prompts before step 1 and at "
        "each checkpoint:",
    },
    "samples.foreign": {
        "zh": "没有样例回答：只有 assay train 的检查点可以提问。",
        "en": "No answers: only checkpoints of assay train can be asked.",
    },
}
