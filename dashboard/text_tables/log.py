"""Words of Run · Log & config."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "log.traceback": {"zh": "出错位置", "en": "Where it failed"},
    "log.alarms": {"zh": "警告（{count} 条）", "en": "Warnings ({count})"},
    "log.no_alarms": {"zh": "没有警告。", "en": "No warnings."},
    "log.level.warning": {"zh": "注意", "en": "warning"},
    "log.level.alarm": {"zh": "警报", "en": "alarm"},
    "log.skipped": {"zh": "{said}；这一步没有采用", "en": "{said}; the step was not taken"},
    "log.watched_only": {"zh": "{said}；守护只观察", "en": "{said}; the guard only watches"},
    "log.last": {"zh": "日志末尾", "en": "End of the log"},
    "log.lines": {"zh": "最多 {lines} 行", "en": "at most {lines} lines"},
    "log.none": {"zh": "没有日志文件：{path}", "en": "There is no log file: {path}"},
    "log.unreadable": {"zh": "日志无法读取：{reason}", "en": "The log cannot be read: {reason}"},
    "log.command": {"zh": "启动命令", "en": "Command"},
    "log.command.in": {"zh": "在文件夹 {folder} 中", "en": "in {folder}"},
    "log.no_provenance": {
        "zh": "这个运行没有记录命令、代码版本和硬件；assay train 会记录。",
        "en": "This run recorded neither command nor code nor hardware; assay train does.",
    },
    "log.imported": {"zh": "导入的日志", "en": "Imported log"},
    "log.watched": {"zh": "跟踪的日志", "en": "Watched log"},
    "log.kind": {"zh": "类型", "en": "kind"},
    "log.log": {"zh": "文件", "en": "file"},
    "log.code": {"zh": "代码与环境", "en": "Code and machine"},
    "log.commit": {"zh": "代码版本", "en": "git commit"},
    "log.no_git": {"zh": "不在 git 仓库中", "en": "not in a git repository"},
    "log.clean": {"zh": "没有未提交的改动", "en": "nothing uncommitted"},
    "log.changed": {"zh": "有未提交的改动", "en": "with uncommitted changes"},
    "log.diff": {"zh": "未提交的改动", "en": "Uncommitted changes"},
    "log.diff_cut": {
        "zh": "改动太长，只保留了开头 {size}。",
        "en": "The difference was too long; its first {size} were kept.",
    },
    "log.packages": {"zh": "已安装的包 · {count} 个", "en": "Installed packages · {count}"},
    "log.packages.one": {"zh": "已安装的包 · 1 个", "en": "Installed packages · 1"},
    "log.packages.find": {"zh": "查找包名", "en": "Find a package"},
    "log.packages.none": {"zh": "没有符合的包。", "en": "No package matches."},
    "log.python": {"zh": "Python 版本", "en": "Python"},
    "log.host": {"zh": "主机", "en": "host"},
    "log.cpus": {"zh": "处理器核数", "en": "processor cores"},
    "log.threads": {"zh": "使用线程", "en": "threads used"},
    "log.memory_bytes": {"zh": "内存", "en": "memory"},
    "log.device": {"zh": "训练设备", "en": "trained on"},
    "log.precision": {"zh": "精度", "en": "precision"},
    "log.gpu": {"zh": "显卡", "en": "GPU"},
    "log.gpu_memory_bytes": {"zh": "显存", "en": "GPU memory"},
    "log.config": {"zh": "生效的配置", "en": "Effective configuration"},
    "log.no_config": {"zh": "这个运行没有记录配置。", "en": "This run recorded no configuration."},
}
