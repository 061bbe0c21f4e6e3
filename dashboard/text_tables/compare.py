"""Words of runs laid over each other and beside each other."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "compare.title": {"zh": "对比 {count} 个运行", "en": "{count} runs compared"},
    "compare.most": {
        "zh": "一次最多对比 {most} 个，这里是先勾选的 {most} 个。",
        "en": "At most {most} runs are compared at once; these are the {most} ticked first.",
    },
    "compare.gone": {"zh": "没有名为 {name} 的运行。", "en": "There is no run called {name}."},
    "compare.metrics": {"zh": "指标", "en": "Metrics"},
    "compare.choose": {"zh": "选择指标", "en": "Choose metrics"},
    "compare.nothing": {"zh": "这些运行还没有记录任何数值。", "en": "None of these runs has logged anything yet."},
    "compare.without": {"zh": "没有可画的数值：{names}", "en": "Nothing to draw here: {names}"},
    "compare.along": {"zh": "横轴", "en": "Along"},
    "compare.axis.step": {"zh": "步", "en": "step"},
    "compare.axis.tokens": {"zh": "词元", "en": "tokens"},
    "compare.axis.epoch": {"zh": "轮次", "en": "epoch"},
    "compare.axis.time": {"zh": "时间", "en": "time"},
    "compare.reset": {"zh": "显示全部", "en": "Show all"},
    "compare.range.step": {"zh": "第 {low} – {high} 步", "en": "steps {low} – {high}"},
    "compare.range.tokens": {"zh": "{low} – {high} 词元", "en": "tokens {low} – {high}"},
    "compare.range.epoch": {"zh": "第 {low} – {high} 遍", "en": "epochs {low} – {high}"},
    "compare.range.seconds": {"zh": "{low} – {high} 秒", "en": "{low} – {high} s"},
    "compare.range.time": {"zh": "{low} 到 {high}", "en": "{low} to {high}"},
    "compare.title.step": {"zh": "步", "en": "step"},
    "compare.title.tokens": {"zh": "读过的词元", "en": "tokens read"},
    "compare.title.epoch": {"zh": "读过数据的遍数", "en": "passes over the data"},
    "compare.title.seconds": {"zh": "开始后的秒数", "en": "seconds since it began"},
    "compare.title.minutes": {"zh": "开始后的分钟数", "en": "minutes since it began"},
    "compare.title.hours": {"zh": "开始后的小时数", "en": "hours since it began"},
    "compare.alt": {"zh": "{names} 的 {metric} 曲线", "en": "{metric} of {names}"},
    "compare.run": {"zh": "运行", "en": "run"},
    "compare.outcome": {"zh": "结果", "en": "Outcome"},
    "compare.status": {"zh": "状态", "en": "status"},
    "compare.steps": {"zh": "步", "en": "steps"},
    "compare.loss": {"zh": "最新训练损失", "en": "last loss"},
    "compare.val_loss": {"zh": "最低验证损失", "en": "lowest val loss"},
    "compare.best": {"zh": "最佳检查点", "en": "best checkpoint"},
    "compare.took": {"zh": "用时", "en": "took"},
    "compare.differs": {"zh": "配置不同之处", "en": "What differs in the configuration"},
    "compare.same": {"zh": "配置完全相同", "en": "The configurations are the same"},
}
