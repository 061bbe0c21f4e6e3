"""Words of the page Run: its sub-menu, its buttons, and what was asked."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "view": {"zh": "查看", "en": "View"},
    "view.curves": {"zh": "曲线", "en": "Curves"},
    "view.checkpoints": {"zh": "检查点", "en": "Checkpoints"},
    "view.data": {"zh": "数据", "en": "Data"},
    "view.log": {"zh": "日志与配置", "en": "Log & config"},
    "action.stop-and-save": {"zh": "停止并保存", "en": "Stop and save"},
    "action.save-now": {"zh": "立即保存", "en": "Save now"},
    "action.pause": {"zh": "暂停", "en": "Pause"},
    "action.continue": {"zh": "继续", "en": "Continue"},
    "action.note": {"zh": "备注", "en": "Note"},
    "action.note.label": {"zh": "备注，记在当前步骤", "en": "A note, kept with the step the run is at"},
    "action.note.add": {"zh": "添加备注", "en": "Add note"},
    "action.failed": {"zh": "请求没有送出：{reason}", "en": "This could not be asked: {reason}"},
    # requests, in the list of what was asked
    "asked.stop-and-save": {"zh": "停止并保存", "en": "stop and save"},
    "asked.save-now": {"zh": "立即保存", "en": "save now"},
    "asked.pause": {"zh": "暂停", "en": "pause"},
    "asked.continue": {"zh": "继续", "en": "continue"},
    "asked.note": {"zh": "备注‘{text}’", "en": "note “{text}”"},
    "asked.rollback": {"zh": "回滚到第 {step} 步", "en": "roll back to step {step}"},
    "asked.evaluate": {"zh": "评测", "en": "evaluate"},
    "asked.open-campaign": {"zh": "开始盲评", "en": "open a campaign"},
    "asked.propose": {"zh": "生成待发布的文件夹", "en": "build the folder to be released"},
    "request.waiting": {"zh": "等待中：{what}", "en": "waiting: {what}"},
    "request.waiting.help": {
        "zh": "训练程序每秒查看一次请求，在两步之间执行。",
        "en": "The trainer looks for requests each second and acts between two steps.",
    },
    "request.nobody": {"zh": "无人执行：{what}（训练程序已不在运行）", "en": "not taken: {what} (its trainer is gone)"},
    "request.taken": {"zh": "执行中：{what}", "en": "being done: {what}"},
    "request.done": {"zh": "已答复：{what} → {result}", "en": "answered: {what} → {result}"},
}
