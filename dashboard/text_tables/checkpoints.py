"""Words of Run · Checkpoints."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "shelf.count": {"zh": "{count} 个检查点", "en": "{count} checkpoints"},
    "shelf.count.one": {"zh": "1 个检查点", "en": "1 checkpoint"},
    "shelf.safe": {"zh": "可以回到：{steps}", "en": "safe to return to: {steps}"},
    "shelf.safe.none": {"zh": "还没有可回滚的检查点", "en": "none is safe to return to yet"},
    "shelf.step": {"zh": "步", "en": "step"},
    "shelf.branch": {"zh": "分支", "en": "branch"},
    "shelf.val_loss": {"zh": "验证损失", "en": "validation loss"},
    "shelf.state": {"zh": "状态", "en": "state"},
    "shelf.notes": {"zh": "说明", "en": "notes"},
    "shelf.size": {"zh": "大小", "en": "size"},
    "shelf.created": {"zh": "保存时间", "en": "created"},
    "shelf.best": {"zh": "验证损失最低", "en": "best: lowest validation loss"},
    "shelf.abandoned": {"zh": "不在当前路径上", "en": "not on the present path"},
    "shelf.pin.run": {"zh": "由运行 {name} 保留", "en": "pinned by run {name}"},
    "shelf.pin.campaign": {"zh": "由盲评 {name} 保留", "en": "pinned by campaign {name}"},
    "shelf.pin.proposal": {"zh": "由待发布的 {name} 保留", "en": "pinned by the proposal of {name}"},
    "shelf.pin.approval": {"zh": "由 {name} 的签字保留", "en": "pinned by the approval of {name}"},
    "shelf.pin.release": {"zh": "由发布 {name} 保留", "en": "pinned by release {name}"},
    "shelf.pin.server": {"zh": "已保留（原因见服务器）", "en": "pinned; the server knows by what"},
    "shelf.pin.other": {"zh": "由 {name} 保留", "en": "pinned by {name}"},
    "shelf.choose": {"zh": "选中一行，就可以回滚到那里。", "en": "Choose a row to roll back to it."},
    "shelf.back": {"zh": "回滚到这里", "en": "Roll back to here"},
    "shelf.back.what": {
        "zh": "训练将从第 {next} 步起在新分支上重来；现有的步骤留作记录，不会删除。",
        "en": "Training goes on from step {next} on a new branch; the steps recorded so far are kept as they are.",
    },
    "shelf.send.what": {
        "zh": "运行会立即回到这里，进入新的分支；现有的步骤留作记录，不会删除。恢复训练时从第 {next} 步继续。",
        "en": "The run goes back at once, on a new branch; the steps recorded so far are kept as they are. Resumed, "
        "it goes on from step {next}.",
    },
    "shelf.send.done": {
        "zh": "已从第 {left} 步回滚到第 {step} 步，进入分支 {branch}。从这里继续训练：",
        "en": "Went back from step {left} to step {step}, on branch {branch}. Training goes on from there with:",
    },
    "shelf.send.refused": {
        "zh": "这个检查点已损坏，改用了更早的一个：{reason}",
        "en": "This checkpoint is damaged, an older one was taken: {reason}",
    },
    "shelf.send.failed": {"zh": "没有回滚：{reason}", "en": "Nothing was rolled back: {reason}"},
    "shelf.off_path": {
        "zh": "这个检查点不在当前路径上，不能回滚到这里；可以从它开始一个新的运行：",
        "en": "This checkpoint is not on the present path, so the run cannot go back to it; a new run can start here:",
    },
    "shelf.resume": {"zh": "从这里继续这个运行：", "en": "Go on with this run from here:"},
    "shelf.host": {
        "zh": "这个运行由它自己的脚本训练。要从这里继续，请用同样的名称和输出文件夹再次启动脚本，并写上：",
        "en": "A script of its own trains this run. To go on from here, start it again with the same name and output "
        "folder, and with:",
    },
    "shelf.fork": {"zh": "从这里开始一个新的运行：", "en": "Start a new run from here:"},
    "shelf.export": {
        "zh": "导出为一个文件夹，拿到别处试用（尚未发布）：",
        "en": "Export it as a folder, to be tried elsewhere (not released):",
    },
    "shelf.folder": {"zh": "检查点所在的文件夹：", "en": "Its folder:"},
    "shelf.csv.help": {
        "zh": "每个检查点一行：步、分支、状态、验证损失、大小、文件夹、摘要",
        "en": "A row for each checkpoint: step, branch, state, validation loss, size, folder, digest",
    },
    # what evaluations say of them
    "shelf.score.help": {
        "zh": "测试集 {suite} 的 {metric}，括号内为 95 % 区间",
        "en": "{metric} of the suite {suite}, with its 95 % interval",
    },
    "shelf.retention": {"zh": "保留率", "en": "retention"},
    "shelf.retention.of": {"zh": "保留率 · {suite}", "en": "retention · {suite}"},
    "shelf.retention.help": {
        "zh": "测试集 {suite}：基座模型超出猜测的部分还剩多少",
        "en": "Suite {suite}: share kept of what the base knows beyond guessing",
    },
    "shelf.light": {"zh": "遗忘", "en": "forgetting"},
    "shelf.light.of": {"zh": "遗忘 · {suite}", "en": "forgetting · {suite}"},
    "shelf.light.help": {
        "zh": "与基座模型对比，连同它前一个检查点一起判断",
        "en": "against the base, judged together with the checkpoint before it",
    },
    "shelf.base": {"zh": "基座模型", "en": "base"},
    "shelf.trade": {"zh": "学到了多少，又忘了多少", "en": "Learned against kept"},
    "shelf.trade.what": {
        "zh": "每个检查点一个标记，按步数相连；越靠右上越好",
        "en": "a mark for each checkpoint, joined in their order; up and to the right is better",
    },
    "shelf.trade.kept": {"zh": "{suite}：保留率（%）", "en": "{suite}: retention, %"},
    "shelf.trade.model": {"zh": "检查点", "en": "checkpoint"},
    "shelf.trade.choose.learned": {"zh": "学到的", "en": "learned"},
    "shelf.trade.choose.kept": {"zh": "保留的", "en": "kept"},
    "shelf.compare": {"zh": "对比两个检查点", "en": "Compare two checkpoints"},
    "shelf.compare.from": {"zh": "从", "en": "From"},
    "shelf.compare.to": {"zh": "到", "en": "to"},
    "shelf.compare.metric": {"zh": "测试集 · 指标", "en": "suite · metric"},
    "shelf.compare.difference": {"zh": "差（95 % 区间）", "en": "difference (95 % interval)"},
    "shelf.compare.what": {
        "zh": "有的差没有区间：那些没有逐题比较过。",
        "en": "Some differences have no interval: those were not compared item by item.",
    },
    "shelf.compare.same": {"zh": "请选择两个不同的检查点。", "en": "Choose two different ones."},
    "shelf.compare.none": {
        "zh": "这两个没有答过同一个测试集。",
        "en": "These two were not put to a suite in common.",
    },
    "shelf.compare.questions": {"zh": "{suite}：从 {before} 到 {after}", "en": "{suite}: from {before} to {after}"},
    "shelf.compare.questions.what": {
        "zh": "丢掉 {lost} 题，新学会 {gained} 题",
        "en": "{lost} lost, {gained} gained",
    },
    "shelf.compare.no_loss": {"zh": "没有丢掉的题。", "en": "No question was lost."},
    "shelf.compare.gained": {"zh": "新学会的 {n} 题", "en": "{n} gained"},
    "shelf.compare.said": {"zh": "{model} 的回答", "en": "{model} answers"},
    "shelf.first_at": {
        "zh": "还没有检查点；第一个将在第 {step} 步之后保存。",
        "en": "No checkpoint yet; the first one is written after step {step}.",
    },
    "shelf.none": {
        "zh": "这个运行没有留下检查点。",
        "en": "This run has left no checkpoint.",
    },
    "shelf.foreign": {
        "zh": "没有检查点：检查点由 assay train 保存，其他程序的检查点不由 Assay 管理。",
        "en": "No checkpoints: assay train writes them; those of other programs are not kept by Assay.",
    },
}
