"""All words on screen, Chinese and English, in one table; a test keeps it complete.

A text may hold `{names}`, filled by `text()`. Where a count changes the words, the key with `.one`
holds those for 1.
"""

from typing import Any, Literal, TypeAlias, TypedDict

__all__ = ["DEFAULT", "LANGUAGES", "TEXTS", "Language", "text"]

Language: TypeAlias = Literal["zh", "en"]


class Text(TypedDict):
    """One text in all languages."""

    zh: str
    en: str


LANGUAGES: dict[str, str] = {"zh": "中文", "en": "English"}
"""Each language by its own name; what the switch shows."""

DEFAULT: Language = "en"
"""For a browser that asks for neither."""


def text(key: str, language: Language, **values: Any) -> str:
    """The words of a key.

    >>> text("step_of", "en", step="640", total="1,000"), text("step_of", "zh", step="640", total="1,000")
    ('step 640 of 1,000', '第 640 / 1,000 步')
    """
    one = f"{key}.one"
    chosen = one if values.get("count") == 1 and one in TEXTS else key
    return TEXTS[chosen][language].format(**values)


TEXTS: dict[str, Text] = {
    # everywhere
    "name": {"zh": "Assay 试金", "en": "Assay 试金"},
    "language": {"zh": "语言", "en": "Language"},
    "train": {"zh": "训练", "en": "Train"},
    "home": {"zh": "首页", "en": "Home"},
    "runs": {"zh": "全部运行", "en": "Runs"},
    "run": {"zh": "运行详情", "en": "Run"},
    "foot": {"zh": "数据文件 {store} · Assay {version}", "en": "Store {store} · Assay {version}"},
    "demo_store": {"zh": "演示数据", "en": "demo store"},
    "not_loading": {"zh": "新的步骤暂时无法写入：{reason}", "en": "New steps are not arriving: {reason}"},
    "store_problem": {"zh": "数据文件现在无法读取：{reason}", "en": "The store cannot be read now: {reason}"},
    # status of a run, in words
    "status.queued": {"zh": "排队中", "en": "queued"},
    "status.running": {"zh": "训练中", "en": "running"},
    "status.paused": {"zh": "已暂停", "en": "paused"},
    "status.finished": {"zh": "已完成", "en": "finished"},
    "status.failed": {"zh": "失败", "en": "failed"},
    "status.lost": {"zh": "失去联系", "en": "lost"},
    "status_help.lost": {
        "zh": "超过 60 秒没有消息：进程可能已经结束。",
        "en": "No sign of life for more than 60 seconds: its process has probably ended.",
    },
    # where a run is
    "step_of": {"zh": "第 {step} / {total} 步", "en": "step {step} of {total}"},
    "step": {"zh": "第 {step} 步", "en": "step {step}"},
    "no_step": {"zh": "还没有步骤", "en": "no step yet"},
    "time_left": {"zh": "约剩 {time}", "en": "{time} left"},
    "took": {"zh": "用时 {time}", "en": "took {time}"},
    "ago": {"zh": "{time}前", "en": "{time} ago"},
    "branch": {"zh": "分支 {branch}", "en": "branch {branch}"},
    "watched": {"zh": "来自其他程序：{source}", "en": "another program's: {source}"},
    "seconds": {"zh": "{n} 秒", "en": "{n} s"},
    "minutes": {"zh": "{n} 分钟", "en": "{n} min"},
    "hours": {"zh": "{n} 小时 {m} 分", "en": "{n} h {m} min"},
    "days": {"zh": "{n} 天 {m} 小时", "en": "{n} d {m} h"},
    # Home
    "home.running": {"zh": "有 {count} 个运行正在进行", "en": "{count} runs under way"},
    "home.running.one": {"zh": "有 1 个运行正在进行", "en": "1 run under way"},
    "home.quiet": {"zh": "现在没有运行", "en": "Nothing is running"},
    "home.ended": {"zh": "最近结束", "en": "Recently ended"},
    "home.failed": {"zh": "需要查看", "en": "Needs a look"},
    "home.loss": {"zh": "训练损失 {value}", "en": "loss {value}"},
    "home.lowest": {
        "zh": "验证损失最低 {value}（第 {step} 步）",
        "en": "lowest validation loss {value} at step {step}",
    },
    "home.no_word": {"zh": "{time}没有消息", "en": "no word for {time}"},
    "home.no_error": {"zh": "没有留下错误信息", "en": "left no error message"},
    "home.empty": {"zh": "还没有任何运行。可以这样开始：", "en": "No run yet. Ways to begin:"},
    "home.empty.demo": {
        "zh": "先看一遍完整演示（训练一个小模型）",
        "en": "See it work: trains a small model on this machine",
    },
    "home.empty.train": {"zh": "用自己的数据微调一个模型", "en": "Fine-tune a model on your own data"},
    "home.empty.script": {"zh": "在自己的训练脚本里加两行", "en": "Add two lines to a training script of your own"},
    "home.empty.watch": {
        "zh": "跟踪正在进行的训练，不改它的代码（LLaMA-Factory、transformers、TensorBoard）",
        "en": "Follow a run that is already going, without touching it (LLaMA-Factory, transformers, TensorBoard)",
    },
    # Runs
    "runs.count": {"zh": "共 {count} 个运行，{running} 个正在进行", "en": "{count} runs, {running} under way"},
    "runs.count.one": {"zh": "共 1 个运行，{running} 个正在进行", "en": "1 run, {running} under way"},
    "runs.search": {"zh": "搜索名称、项目或标签", "en": "Search name, project or tag"},
    "runs.status": {"zh": "按状态筛选", "en": "Filter by status"},
    "runs.state": {"zh": "状态", "en": "status"},
    "runs.open": {"zh": "点名称打开", "en": "press a name to open it"},
    "runs.none": {"zh": "没有符合条件的运行。", "en": "No run matches."},
    "runs.name": {"zh": "名称", "en": "name"},
    "runs.progress": {"zh": "进度", "en": "progress"},
    "runs.step": {"zh": "步", "en": "step"},
    "runs.loss": {"zh": "训练损失", "en": "loss"},
    "runs.val_loss": {"zh": "最低验证损失", "en": "lowest val loss"},
    "runs.started": {"zh": "开始时间", "en": "started"},
    "runs.took": {"zh": "用时", "en": "took"},
    "runs.project": {"zh": "项目", "en": "project"},
    "runs.tags": {"zh": "标签", "en": "tags"},
    # Run
    "run.choose": {"zh": "查看其他运行", "en": "Go to another run"},
    "run.missing": {"zh": "没有名为 {name} 的运行。", "en": "There is no run called {name}."},
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
    "note.lowest_since": {"zh": "第 {step} 步最低，为 {value}", "en": "lowest at step {step}: {value}"},
    "note.range": {"zh": "近 {steps} 步：{low} – {high}", "en": "last {steps} steps: {low} – {high}"},
    "note.same": {"zh": "近 {steps} 步不变", "en": "unchanged for {steps} steps"},
    "note.at": {"zh": "第 {step} 步", "en": "at step {step}"},
    # Run: the curves
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
    "curves.brush": {"zh": "在图上横向拖动可放大", "en": "drag across the chart to zoom"},
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
