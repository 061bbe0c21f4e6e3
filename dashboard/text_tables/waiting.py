"""Words of what waits on the page Home."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "waiting": {"zh": "等你处理", "en": "Waiting for you"},
    "waiting.nothing": {"zh": "没有", "en": "nothing"},
    "waiting.ends": {
        "zh": "失败的运行在这里保留 24 小时；警报在回滚或添加备注后消失；归档后全部消失",
        "en": "failures stay a day; an alarm leaves with a rollback or a note; archiving a run clears it",
    },
    "waiting.more": {"zh": "另有 {count} 项", "en": "{count} more"},
    "waiting.alarm": {"zh": "{when}发出警报", "en": "alarm {when}"},
    "waiting.request": {
        "zh": "{actor} {when}请求“{what}”，还没有被接收",
        "en": "{actor} asked to {what} {when}; not taken yet",
    },
}
