"""Words of the page Home."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "home.running": {"zh": "有 {count} 个运行正在进行", "en": "{count} runs under way"},
    "home.running.one": {"zh": "有 1 个运行正在进行", "en": "1 run under way"},
    "home.quiet": {"zh": "现在没有运行", "en": "Nothing is running"},
    "home.ended": {"zh": "最近结束", "en": "Recently ended"},
    "home.loss": {"zh": "训练损失 {value}", "en": "loss {value}"},
    "home.lowest": {
        "zh": "验证损失最低 {value}（第 {step} 步）",
        "en": "lowest validation loss {value} at step {step}",
    },
    "home.alarm": {"zh": "最近一次警报（{when}）：{message}", "en": "Last alarm, {when}: {message}"},
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
}
