"""Words that stand on several pages."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    # everywhere
    "name": {"zh": "Assay 试金", "en": "Assay 试金"},
    "language": {"zh": "语言", "en": "Language"},
    "train": {"zh": "训练", "en": "Train"},
    "release": {"zh": "发布", "en": "Release"},
    "home": {"zh": "首页", "en": "Home"},
    "runs": {"zh": "全部运行", "en": "Runs"},
    "run": {"zh": "运行详情", "en": "Run"},
    "foot": {"zh": "数据文件 {store} · Assay {version}", "en": "Store {store} · Assay {version}"},
    "demo_store": {"zh": "演示数据", "en": "demo store"},
    "not_loading": {"zh": "新的步骤暂时无法写入：{reason}", "en": "New steps are not arriving: {reason}"},
    "store_problem": {"zh": "数据文件现在无法读取：{reason}", "en": "The store cannot be read now: {reason}"},
    "not_served": {
        "zh": "这里的数据由服务器提供，只有训练部分可看。请在运行 assay serve 的机器上打开看板。",
        "en": "The store is on a server, which shows what runs recorded. For this page, open the dashboard on the "
        "machine that runs assay serve.",
    },
    "someone": {"zh": "某人", "en": "someone"},
    "elsewhere.checkpoint": {
        "zh": "这个检查点在训练它的那台机器上；这次运行在那里可能另有名字。在那里、runs/ 的上一级文件夹里运行：",
        "en": "The checkpoint lies on the machine that trained it, where the run may have another name. There, in the "
        "folder that holds runs/:",
    },
    "elsewhere.files": {
        "zh": "日志和数据文件在训练它的那台机器上，请到那里查看。",
        "en": "The log and the data files lie on the machine that trained the run; look at them there.",
    },
    "elsewhere.evals": {
        "zh": "服务器上没有这次运行的评测；在训练它的那台机器上做的评测留在那里。",
        "en": "The server has no evaluations of this run; those made where it was trained stay there.",
    },
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
    "told.at": {"zh": "第 {step} 步：{said}", "en": "step {step}: {said}"},
    "no_step": {"zh": "还没有步骤", "en": "no step yet"},
    "time_left": {"zh": "约剩 {time}", "en": "{time} left"},
    "took": {"zh": "用时 {time}", "en": "took {time}"},
    "ago": {"zh": "{time}前", "en": "{time} ago"},
    "branch": {"zh": "分支 {branch}", "en": "branch {branch}"},
    "imported": {"zh": "由日志导入：{source}", "en": "imported from a log: {source}"},
    "watched": {"zh": "来自其他程序：{source}", "en": "another program's: {source}"},
    "seconds": {"zh": "{n} 秒", "en": "{n} s"},
    "minutes": {"zh": "{n} 分钟", "en": "{n} min"},
    "hours": {"zh": "{n} 小时 {m} 分", "en": "{n} h {m} min"},
    "days": {"zh": "{n} 天 {m} 小时", "en": "{n} d {m} h"},
}
