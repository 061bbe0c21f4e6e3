"""Words of the page Run: its head and its figures."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    # Run
    "run.choose": {"zh": "查看其他运行", "en": "Go to another run"},
    "run.missing": {"zh": "没有名为 {name} 的运行。", "en": "There is no run called {name}."},
    "run.missing.help": {
        "zh": "它一开始记录，就会显示在这里。",
        "en": "Once it begins it is shown here.",
    },
    "run.error": {"zh": "结束原因：{error}", "en": "It ended with: {error}"},
    "run.waiting": {
        "zh": "还没有记录任何数值，第一步写入后曲线会出现在这里。",
        "en": "Nothing logged yet; the curves begin with the first step.",
    },
    # Run: the figures
    "card.loss": {"zh": "训练损失", "en": "Training loss"},
    "card.val_loss": {"zh": "验证损失", "en": "Validation loss"},
    "card.grad_norm": {"zh": "梯度范数", "en": "Gradient norm"},
    "card.tokens_per_s": {"zh": "每秒词元", "en": "Tokens a second"},
    "card.lr": {"zh": "学习率", "en": "Learning rate"},
    "note.lower": {
        "zh": "{over} 步均值，比 {steps} 步前低 {value}",
        "en": "{over}-step mean down {value} in {steps} steps",
    },
    "note.higher": {
        "zh": "{over} 步均值，比 {steps} 步前高 {value}",
        "en": "{over}-step mean up {value} in {steps} steps",
    },
    "note.lowest": {"zh": "第 {step} 步最低", "en": "lowest at step {step}"},
    "note.lowest_since": {
        "zh": "第 {step} 步最低，为 {value}，此后更高",
        "en": "lowest at step {step}: {value}, higher since",
    },
    "note.range": {"zh": "近 {steps} 步：{low} – {high}", "en": "last {steps} steps: {low} – {high}"},
    "note.same": {"zh": "近 {steps} 步不变", "en": "unchanged for {steps} steps"},
    "note.at": {"zh": "第 {step} 步", "en": "at step {step}"},
}
