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
    "waiting.release.check": {
        "zh": "评判已结束，{when}生成了要发布的文件夹；等负责人审核签字",
        "en": "judged, and built to be released {when}; check it and sign",
    },
    "waiting.release.sign": {
        "zh": "{required} 个签字中已有 {given} 个；等你签字",
        "en": "{given} of {required} signatures; yours is missing",
    },
    "waiting.release.make": {"zh": "签字已齐，等负责人发布", "en": "signed by all who must; release it"},
    "waiting.servers.other": {"zh": "运行的不是线上版本", "en": "something else runs"},
    "waiting.servers.silent": {"zh": "未确认在运行", "en": "not confirmed running"},
    "waiting.servers.hosts": {
        "zh": "{when}发布；{hosts} 报告运行的是别的版本",
        "en": "released {when}; {hosts} said since that they run something else",
    },
    "waiting.servers.none": {
        "zh": "{when}发布，此后没有服务器确认在运行它",
        "en": "released {when}; no server has confirmed since that it runs it",
    },
    "waiting.second": {
        "zh": "{name} {when}让它重新上线；等另一位负责人确认",
        "en": "{name} put it back {when}; another lead confirms it",
    },
    "waiting.second.late": {
        "zh": "{name} {when}让它重新上线；24 小时内没有另一位负责人确认",
        "en": "{name} put it back {when}; no other lead confirmed it within 24 hours",
    },
    "waiting.second.chip": {"zh": "第二位负责人未确认", "en": "no second lead yet"},
    "waiting.request": {
        "zh": "{actor} {when}请求“{what}”，还没有被接收",
        "en": "{actor} asked to {what} {when}; not taken yet",
    },
}
