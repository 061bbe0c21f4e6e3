"""Words of the page Runs."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "runs.count": {"zh": "共 {count} 个运行，{running} 个正在进行", "en": "{count} runs, {running} under way"},
    "runs.count.one": {"zh": "共 1 个运行，{running} 个正在进行", "en": "1 run, {running} under way"},
    "runs.count.of": {
        "zh": "{of} 个运行中的 {shown} 个，{running} 个正在进行",
        "en": "{shown} of {of} runs, {running} under way",
    },
    "runs.search": {"zh": "搜索名称、项目或标签", "en": "Search name, project or tag"},
    "runs.status": {"zh": "按状态筛选", "en": "Filter by status"},
    "runs.any_project": {"zh": "所有项目", "en": "All projects"},
    "runs.show_archived": {"zh": "显示已归档的 {count} 个", "en": "Show {count} archived"},
    "column.status": {"zh": "状态", "en": "status"},
    "runs.state_archived": {"zh": "{status} · 已归档", "en": "{status} · archived"},
    "runs.open": {
        "zh": "点名称查看；勾选后可编辑，勾选多个可对比",
        "en": "press a name to open it; tick runs to edit them, several to compare them",
    },
    "runs.open.elsewhere": {
        "zh": "点名称查看；勾选多个可对比",
        "en": "press a name to open it; tick several to compare them",
    },
    "runs.none": {"zh": "没有符合条件的运行。", "en": "No run matches."},
    "runs.all_archived": {"zh": "所有运行都已归档。", "en": "Every run is archived."},
    "runs.columns": {"zh": "列", "en": "Columns"},
    "runs.columns.help": {
        "zh": "放得下的列会自动显示；选中的列始终显示。",
        "en": "As many columns as fit are shown; those chosen here always are.",
    },
    "column.name": {"zh": "名称", "en": "name"},
    "column.star": {"zh": "置顶", "en": "top"},
    "column.star.help": {"zh": "点星号置顶或取消置顶", "en": "Press the star to keep a run on top, or to let it go"},
    "column.progress": {"zh": "进度", "en": "progress"},
    "column.step": {"zh": "步", "en": "step"},
    "column.loss": {"zh": "训练损失", "en": "loss"},
    "column.val_loss": {"zh": "最低验证损失", "en": "lowest val loss"},
    "column.best_step": {"zh": "最佳检查点", "en": "best checkpoint"},
    "column.best_step.help": {
        "zh": "现存检查点中验证损失最低的一个，尖峰之后的不算",
        "en": "The checkpoint with the lowest validation loss that still exists, none after a spike",
    },
    "column.started": {"zh": "开始时间", "en": "started"},
    "column.took": {"zh": "用时（分钟）", "en": "took (min)"},
    "column.project": {"zh": "项目", "en": "project"},
    "column.tags": {"zh": "标签", "en": "tags"},
    "column.notes": {"zh": "备注", "en": "notes"},
    "column.error": {"zh": "错误", "en": "error"},
    # what can be done with those that are ticked
    "ticked.count": {"zh": "已勾选 {count} 个", "en": "{count} ticked"},
    "ticked.star": {"zh": "置顶", "en": "Keep on top"},
    "ticked.unstar": {"zh": "取消置顶", "en": "Off the top"},
    "ticked.archive": {"zh": "归档", "en": "Archive"},
    "ticked.restore": {"zh": "取消归档", "en": "Take out of the archive"},
    "ticked.clear": {"zh": "取消勾选", "en": "Untick"},
    "ticked.project": {"zh": "项目", "en": "Project"},
    "ticked.tags": {"zh": "标签", "en": "Tags"},
    "ticked.tags_hint": {"zh": "选择或输入后回车", "en": "Choose, or type and press Enter"},
    "ticked.notes": {"zh": "备注", "en": "Notes"},
    "ticked.many": {"zh": "各不相同；留空则不改", "en": "They differ; empty leaves them as they are"},
    "ticked.add": {"zh": "添加标签", "en": "Add tags"},
    "ticked.remove": {"zh": "移除标签", "en": "Remove tags"},
    "ticked.remove_hint": {"zh": "选择要移除的标签", "en": "Choose the tags to take away"},
    "ticked.save_all": {"zh": "保存到这 {count} 个运行", "en": "Save for all {count}"},
    "ticked.saved_all": {"zh": "已保存 {count} 个运行", "en": "Saved {count} runs"},
    "ticked.save": {"zh": "保存", "en": "Save"},
    "ticked.saved": {"zh": "已保存：{name}", "en": "Saved: {name}"},
    "ticked.failed": {"zh": "没有保存：{reason}", "en": "Not saved: {reason}"},
}
