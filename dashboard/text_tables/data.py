"""Words of Run · Data."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "data.files": {"zh": "数据文件", "en": "Data files"},
    "data.no_files": {
        "zh": "这个运行没有记录数据文件；assay train 会记录。",
        "en": "This run recorded no data files; assay train does.",
    },
    "data.role": {"zh": "用途", "en": "used for"},
    "data.role.train": {"zh": "训练", "en": "training"},
    "data.role.general": {"zh": "通用数据，混入训练", "en": "general data, mixed in"},
    "data.role.validation": {"zh": "验证，不参与训练", "en": "validation, held out"},
    "data.file": {"zh": "文件", "en": "file"},
    "data.rows": {"zh": "行数", "en": "rows"},
    "data.digest": {"zh": "摘要", "en": "digest"},
    "data.sources": {"zh": "各来源", "en": "By source"},
    "data.source": {"zh": "来源", "en": "source"},
    "data.unknown": {"zh": "未记录", "en": "not recorded"},
    "data.samples": {"zh": "已训练样本", "en": "samples trained on"},
    "data.share": {"zh": "占比", "en": "share"},
    "data.different": {"zh": "其中不同的", "en": "different ones"},
    "data.loss": {"zh": "当前损失", "en": "loss now"},
    "data.tokens": {"zh": "共训练 {tokens} 个词元", "en": "{tokens} tokens trained on in all"},
    "data.loss_by_source": {"zh": "各来源的损失随步骤变化", "en": "Loss by source over the steps"},
    "data.mix": {"zh": "各来源占比随步骤变化（%）", "en": "Share of each source over the steps, in percent"},
    "data.hardest": {
        "zh": "近 {steps} 步损失最高的样本",
        "en": "Samples of highest loss in the last {steps} steps",
    },
    "data.hardest.what": {
        "zh": "损失高不等于数据有错：可能是难题、少见的写法，也可能是标错。",
        "en": "A high loss is no verdict: it can be a hard question, a rare wording or a wrong label.",
    },
    "data.no_batches": {
        "zh": "这个运行没有记录每一步用了哪些样本；assay train 会记录。",
        "en": "This run did not record which samples each step was made of; assay train does.",
    },
    "data.at": {"zh": "第 {step} 步", "en": "step {step}"},
    "data.place": {"zh": "{file} 第 {row} 行（从 0 起）", "en": "{file} row {row} (from 0)"},
    "data.unplaced": {"zh": "没有记录来自哪个文件", "en": "which file it is from was not recorded"},
    "data.gone": {
        "zh": "{file} 已不在原处，无法显示其中样本的文字。",
        "en": "{file} is no longer where it was, so the text of its samples cannot be shown.",
    },
    "data.changed": {
        "zh": "{file} 在训练之后改动过，与记录不符的样本不显示文字。",
        "en": "{file} has changed since the run read it; samples that are no longer what they were have no text.",
    },
    "data.large": {
        "zh": "{file} 超过 {size}，这里不读取其中样本的文字。",
        "en": "{file} is larger than {size}; the text of its samples is not read here.",
    },
    "speaker.system": {"zh": "系统", "en": "system"},
    "speaker.user": {"zh": "问", "en": "user"},
    "speaker.assistant": {"zh": "答", "en": "assistant"},
    "speaker.text": {"zh": "文本", "en": "text"},
}
