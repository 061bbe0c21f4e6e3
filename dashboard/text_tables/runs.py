"""Words of the page Runs."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
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
}
