"""Words of Run · Curves."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "curves.scale": {"zh": "纵轴", "en": "Scale"},
    "curves.linear": {"zh": "线性", "en": "linear"},
    "curves.log": {"zh": "对数", "en": "log"},
    "curves.smooth": {"zh": "平滑", "en": "Smoothing"},
    "curves.smooth.none": {"zh": "不平滑", "en": "raw"},
    "curves.smooth.light": {"zh": "轻", "en": "light"},
    "curves.smooth.strong": {"zh": "强", "en": "strong"},
    "curves.reset": {"zh": "显示全部", "en": "Show all steps"},
    "curves.range": {"zh": "第 {first} – {last} 步", "en": "steps {first} – {last}"},
    "curves.raw": {"zh": "每一步都已画出", "en": "every step is drawn"},
    "curves.bucket": {
        "zh": "每 {width} 步一段，色带为最低到最高值",
        "en": "{width} steps a point, the band reaches from lowest to highest",
    },
    "curves.smoothed": {
        "zh": "线为约 {steps} 步的指数平均",
        "en": "the line is an exponential mean, window {steps}",
    },
    "curves.log.left_out": {
        "zh": "小于等于 0 的值无法在对数轴上显示",
        "en": "values of 0 and below have no place on a log scale",
    },
    "curves.brush": {
        "zh": "在任意一张图上横向拖动，可同时放大所有图",
        "en": "drag across any chart to zoom all of them",
    },
    "curves.brush.back": {
        "zh": "可继续拖动放大，双击恢复全部",
        "en": "drag on to zoom further, double click to show all",
    },
    "curves.lowest_at": {"zh": "第 {step} 步最低，此后更高", "en": "lowest at step {step}, higher since"},
    "curves.training": {"zh": "训练", "en": "training"},
    "curves.validation": {"zh": "验证", "en": "validation"},
    "curves.abandoned": {"zh": "已放弃", "en": "abandoned"},
    "curves.alt": {"zh": "{name} 的损失曲线", "en": "Loss of {name} over its steps"},
    "curves.no_loss": {
        "zh": "这个运行没有记录 loss 或 val_loss。",
        "en": "This run has logged neither loss nor val_loss.",
    },
    "curves.checkpoint": {"zh": "检查点", "en": "checkpoint"},
    "curves.state": {"zh": "状态", "en": "state"},
    "curves.value": {"zh": "数值", "en": "value"},
    "curves.at_step": {"zh": "步", "en": "step"},
    "curves.lowest": {"zh": "最低", "en": "lowest"},
    "curves.highest": {"zh": "最高", "en": "highest"},
    "curves.of_branch": {"zh": "分支", "en": "branch"},
    "fork.rollback": {"zh": "回滚到第 {step} 步", "en": "rolled back to {step}"},
    "fork.resume": {"zh": "从第 {step} 步继续", "en": "resumed from {step}"},
    "fork.replay": {"zh": "从第 {step} 步重放", "en": "replayed from {step}"},
    "fork.other": {"zh": "{reason}：第 {step} 步之后", "en": "{reason} after {step}"},
    "checkpoint.sealed": {"zh": "完整", "en": "complete"},
    "checkpoint.stable": {"zh": "可回滚", "en": "safe to return to"},
    "checkpoint.suspect": {"zh": "尖峰之后", "en": "after the spike"},
    "mark.nan": {"zh": "不是数（NaN）", "en": "not a number (NaN)"},
    "mark.inf": {"zh": "无穷大", "en": "infinite"},
    "mark.-inf": {"zh": "负无穷大", "en": "minus infinity"},
    "metric.grad_norm": {"zh": "梯度范数（裁剪前）", "en": "Gradient norm before clipping"},
    "metric.lr": {"zh": "学习率", "en": "Learning rate"},
    "metric.tokens_per_s": {"zh": "每秒词元", "en": "Tokens a second"},
    "group.loss": {"zh": "各来源的损失", "en": "Loss by source"},
    "group.group": {"zh": "各层组", "en": "Layer groups"},
    "group.system": {"zh": "系统", "en": "System"},
    "group.": {"zh": "其他指标", "en": "Other metrics"},
    "group.count": {"zh": "{name} · {count} 项", "en": "{name} · {count} metrics"},
    "group.count.one": {"zh": "{name} · 1 项", "en": "{name} · 1 metric"},
}
