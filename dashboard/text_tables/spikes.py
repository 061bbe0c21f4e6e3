"""Words of Run · Spikes, of the banner that an alarm puts on every view, and of the guard's state."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "view.spikes": {"zh": "尖峰", "en": "Spikes"},
    # the guard's state, in the head of the run
    "guard.acts": {"zh": "守护：自动处理", "en": "guard acts"},
    "guard.acts.help": {
        "zh": "出现尖峰时，守护会自动跳过该步或回滚到可回滚的检查点。",
        "en": "Where a spike comes, the guard skips the step or goes back to a checkpoint that is safe to return to.",
    },
    "guard.watches": {"zh": "守护：只观察", "en": "guard watches"},
    "guard.watches.help": {
        "zh": "守护只发出警报，不跳过也不回滚（[guard] mode = watch）。",
        "en": "The guard raises alarms and does nothing else ([guard] mode = watch).",
    },
    "guard.arms": {"zh": "守护：第 {step} 步起生效", "en": "guard arms at step {step}"},
    "guard.arms.help": {
        "zh": "至少要有 32 步作参照，才能判断什么是异常；在此之前只检查数值是否为数、梯度是否暴涨。",
        "en": "It takes 32 steps to know what is usual; until then only what is not a number, or a gradient many times "
        "the others, is seen.",
    },
    "guard.asks": {"zh": "守护：已无计可施，等你决定", "en": "guard has given up: it waits for you"},
    "guard.asks.help": {
        "zh": "允许的办法都试过了；请选择继续、回滚或停止。",
        "en": "All that it may try was tried; continue, roll back, or stop.",
    },
    "guard.let_go": {"zh": "守护：对当前尖峰只观察", "en": "guard only watches this spike"},
    "guard.let_go.help": {
        "zh": "守护已放弃处理这个尖峰，有人让运行继续；尖峰过去后恢复自动处理。",
        "en": "It has given up on this spike, and someone let the run go on; once the spike is over it acts again.",
    },
    # whether it went on bit for bit, in the head of the run
    "run.not_exact": {"zh": "并非逐位一致", "en": "not exact"},
    "run.not_exact.help": {
        "zh": "重做的步没有得到与先前完全相同的数，或运行换了进程数继续；发布检查会计入这一点。",
        "en": "Steps done again did not come to the same numbers, or the run went on in another number of processes; "
        "the release check counts that.",
    },
    # the rules
    "spikes.rule.T0": {"zh": "不是数", "en": "not a number"},
    "spikes.rule.T1": {"zh": "突跳", "en": "jump"},
    "spikes.rule.T2": {"zh": "居高不下", "en": "stays high"},
    "spikes.rule.T3": {"zh": "缓慢上漂", "en": "drifting"},
    "spikes.rule.P": {"zh": "前兆", "en": "precursor"},
    "spikes.rule.other": {"zh": "警报", "en": "alarm"},
    "spikes.series.loss": {"zh": "损失", "en": "the loss"},
    "spikes.series.grad_norm": {"zh": "梯度范数", "en": "the gradient norm"},
    "spikes.series.loss_scale": {"zh": "损失缩放系数", "en": "the loss scale"},
    "spikes.series.group": {"zh": "{group}的{signal}", "en": "{signal} of {group}"},
    "spikes.group.embed": {"zh": "词嵌入", "en": "embeddings"},
    "spikes.group.first": {"zh": "前几层", "en": "first layers"},
    "spikes.group.middle": {"zh": "中间层", "en": "middle layers"},
    "spikes.group.last": {"zh": "后几层", "en": "last layers"},
    "spikes.group.head": {"zh": "输出头", "en": "head"},
    "spikes.signal.grad_norm": {"zh": "梯度范数", "en": "gradient norm"},
    "spikes.signal.update_rms": {"zh": "更新幅度", "en": "update size"},
    "spikes.signal.rms_t": {"zh": "RMS_t 比值", "en": "RMS_t"},
    # what an alarm was, and against what
    "spikes.what.T0": {"zh": "{series}为 {value}", "en": "{series} is {value}"},
    "spikes.what.T1": {
        "zh": "{series} {value}，高于界限 {limit}",
        "en": "{series}, {value}, is above {limit}",
    },
    "spikes.what.T2": {
        "zh": "最近 10 步中至少 8 步的{series}高于 {limit}，现为 {value}",
        "en": "{series} was above {limit} in at least 8 of the last 10 steps and is {value} now",
    },
    "spikes.what.T3": {
        "zh": "{series}现为 {value}，持续高于原来的水平",
        "en": "{series}, {value} now, keeps above what it was",
    },
    "spikes.what.P": {
        "zh": "{series} {value}，高于界限 {limit}",
        "en": "{series}, {value}, is above {limit}",
    },
    "spikes.what.P.scale": {
        "zh": "损失缩放系数在 100 步内至少减半 3 次",
        "en": "the loss scale was halved at least 3 times within 100 steps",
    },
    "spikes.against": {
        "zh": "以最近 128 个已接受步的中位数为参照",
        "en": "against the median of the last 128 accepted steps",
    },
    "spikes.against.so_far": {
        "zh": "以此前已接受各步的中位数为参照（不足 128 步）",
        "en": "against the median of the steps accepted so far, fewer than 128",
    },
    "spikes.against.first": {
        "zh": "以最初几步中位数的 10 倍为界",
        "en": "ten times the median of the first steps",
    },
    "spikes.against.number": {"zh": "只要求是有限的数", "en": "it only has to be a finite number"},
    "spikes.against.scale": {"zh": "每次溢出减半一次", "en": "each overflow halves it"},
    # what the guard did
    "spikes.did.amber": {
        "zh": "没有采取措施：这类警报只请人看一眼。",
        "en": "Nothing was done: it only asks for a look.",
    },
    "spikes.did.watched": {
        "zh": "守护只观察，没有采取措施。",
        "en": "The guard only watches: nothing was done.",
    },
    "spikes.did.found": {
        "zh": "导入日志时事后发现；当时没有守护，也没有采取措施。",
        "en": "Found when the log was imported: no guard was there, and nothing was done.",
    },
    "spikes.did.skipped": {
        "zh": "跳过了第 {steps} 步：权重和优化器保持原样。",
        "en": "Step {steps} was not taken: weights and optimizer stayed as they were.",
    },
    "spikes.did.skipped.many": {
        "zh": "跳过了 {count} 步（{steps}）：权重和优化器保持原样。",
        "en": "{count} steps were not taken ({steps}): weights and optimizer stayed as they were.",
    },
    "spikes.did.control": {
        "zh": "从第 {left} 步退回{target}，原样重放一遍，看尖峰是否再现。",
        "en": "Went back from step {left} to {target} and did the same again, unchanged, to see whether it comes back.",
    },
    "spikes.did.changed": {
        "zh": "从第 {left} 步退回{target}；此后：{changed}。",
        "en": "Went back from step {left} to {target}; from there on: {changed}.",
    },
    "spikes.did.to": {"zh": "第 {step} 步", "en": "step {step}"},
    "spikes.did.to.beginning": {"zh": "起点", "en": "the beginning"},
    "spikes.did.seconds": {"zh": "用时 {time}。", "en": "It took {time}."},
    "spikes.did.refused": {
        "zh": "较新的检查点已损坏，被略过：{reason}",
        "en": "A newer checkpoint was damaged and was passed over: {reason}",
    },
    "spikes.did.asked": {
        "zh": "办法已用尽，暂停运行并请人决定。",
        "en": "Nothing more may be tried: it paused the run and asked.",
    },
    "spikes.did.answered": {"zh": "有人让运行继续。", "en": "Someone let the run go on."},
    "spikes.did.back": {
        "zh": "{actor} 从第 {left} 步回滚到第 {step} 步。",
        "en": "{actor} went back from step {left} to step {step}.",
    },
    "spikes.did.back.someone": {
        "zh": "有人从第 {left} 步回滚到第 {step} 步。",
        "en": "Someone went back from step {left} to step {step}.",
    },
    "spikes.rung.control": {"zh": "原样重放（对照）", "en": "replay, unchanged (the control)"},
    "spikes.rung.leave-out": {"zh": "跳过这段样本", "en": "leave these samples out"},
    "spikes.rung.slower": {"zh": "并降低学习率", "en": "and a lower learning rate"},
    "spikes.rung.remedies": {"zh": "并启用声明的补救措施", "en": "and the declared remedies"},
    "spikes.ladder": {"zh": "尝试 {number}：{rung}", "en": "try {number}: {rung}"},
    # remedies
    "spikes.left_out": {"zh": "不训练第 {first} – {last} 步的样本", "en": "steps {first} – {last} left out"},
    "spikes.left_out.single": {"zh": "不训练第 {first} 步的样本", "en": "step {first} left out"},
    "spikes.remedy.lr": {"zh": "学习率 × {value}", "en": "learning rate × {value}"},
    "spikes.remedy.rewarm": {"zh": "并在 {value} 步内重新升上去", "en": "rising again over {value} steps"},
    "spikes.remedy.shallow_update": {
        "zh": "词嵌入和前几层的更新 × {value}",
        "en": "update of the embeddings and the first layers × {value}",
    },
    "spikes.remedy.shallow_gradient": {
        "zh": "词嵌入和前几层的梯度 × {value}",
        "en": "gradient of the embeddings and the first layers × {value}",
    },
    "spikes.remedy.embedding_gradient": {
        "zh": "输入词嵌入的梯度 × {value}",
        "en": "gradient of the input embeddings × {value}",
    },
    "spikes.remedy.eps": {"zh": "Adam 的 epsilon 设为 {value}", "en": "Adam's epsilon {value}"},
    "spikes.remedy.loss_scale": {"zh": "损失缩放系数从 {value} 重新开始", "en": "loss scale begun again at {value}"},
    "spikes.remedy.loss_scale_interval": {
        "zh": "连续 {value} 步不溢出才把损失缩放系数加倍",
        "en": "loss scale doubled only after {value} steps without overflow",
    },
    # the cause, by test
    "spikes.cause": {"zh": "检验结论", "en": "Cause, by test"},
    "spikes.cause.non-finite": {
        "zh": "损失、梯度或权重出现了非数。这项检验不区分它与样本还是与权重状态有关。",
        "en": "The loss, a gradient or a weight was not a number. Whether samples or weights led there is not known.",
    },
    "spikes.cause.not-reproducible": {
        "zh": "无法再现：原样重放后尖峰没有再出现，样本和权重状态不足以解释它，机器或运算顺序不固定也有份。",
        "en": "Not reproducible: done again unchanged it did not come back, so samples and weights alone do not make "
        "it; the machine, or arithmetic whose order is not fixed, has its part.",
    },
    "spikes.cause.batch-linked": {
        "zh": "与这批样本相关：原样重放后再次出现，跳过附近的样本后不再出现；它与这批样本在当时的权重状态下有关。",
        "en": "Linked to the batch: done again unchanged it came back, without the samples around it it did not; it is "
        "linked to these samples in this state of the weights.",
    },
    "spikes.cause.state-linked": {
        "zh": "与权重状态相关：原样重放和换掉样本后都再次出现，改变训练设置后才消失。",
        "en": "Linked to the state of the weights: it came back unchanged and with other samples too, and went only "
        "once the settings were changed.",
    },
    "spikes.cause.exact": {
        "zh": "对照重放与原来逐位相同。",
        "en": "The control came to the same numbers, bit for bit.",
    },
    # the line on top
    "spikes.now.none": {
        "zh": "守护已检查 {steps} 步，没有异常。",
        "en": "The guard has looked at {steps} steps; nothing was out of line.",
    },
    "spikes.now.first": {
        "zh": "守护还没有看到任何一步；有了异常会显示在这里。",
        "en": "The guard has not seen a step yet; what is out of line will be shown here.",
    },
    "spikes.now.over": {
        "zh": "现在一切正常。上一次尖峰始于第 {step} 步，已经过去。",
        "en": "Nothing is wrong now. The last spike, at step {step}, is over.",
    },
    "spikes.now.amber": {
        "zh": "有一处值得看一眼：第 {step} 步，{rule}。",
        "en": "One thing to look at: {rule} at step {step}.",
    },
    "spikes.now.amber.over": {
        "zh": "现在一切正常。最近的提示在第 {step} 步：{rule}。",
        "en": "Nothing is wrong now. The last warning was at step {step}: {rule}.",
    },
    "spikes.now.waits": {
        "zh": "现在不正常，运行在等你：“继续”按原样往下跑，“回滚”回到某个检查点，“停止并保存”结束运行。",
        "en": "Something is wrong now, and the run waits for you: continue goes on as it is, a rollback goes back to a "
        "checkpoint, stop and save ends the run.",
    },
    "spikes.now.open": {
        "zh": "现在不正常，始于第 {step} 步（{rule}）。",
        "en": "Something is wrong now, since step {step} ({rule}).",
    },
    "spikes.now.ended": {
        "zh": "运行结束时，第 {step} 步开始的尖峰还没有过去。",
        "en": "The run ended before the spike that began at step {step} was over.",
    },
    "spikes.now.imported": {
        "zh": "导入日志时已检查 {steps} 步，没有发现尖峰。",
        "en": "The log was looked at when it was imported: no spikes in {steps} steps.",
    },
    "spikes.now.unguarded": {
        "zh": "没有守护在看这个运行。可以事后检查已记录的数据：",
        "en": "Nobody watches this run. To look at what was recorded:",
    },
    # the banner
    "banner.asks": {
        "zh": "第 {step} 步开始的尖峰：守护的办法已用尽，运行暂停，等你决定。",
        "en": "Spike at step {step}: the guard has done what it may, and the run waits for you.",
    },
    "banner.tries": {
        "zh": "第 {step} 步开始的尖峰（{rule}）：守护已退回{target}，正在尝试：{rung}。",
        "en": "Spike at step {step} ({rule}): the guard went back to {target} and tries: {rung}.",
    },
    "banner.skipped": {
        "zh": "第 {step} 步警报（{rule}）：这一步已跳过。",
        "en": "Alarm at step {step} ({rule}): the step was not taken.",
    },
    "banner.watched": {
        "zh": "第 {step} 步警报（{rule}）：守护只观察，没有采取措施。",
        "en": "Alarm at step {step} ({rule}): the guard only watches.",
    },
    "banner.raised": {"zh": "第 {step} 步警报（{rule}）。", "en": "Alarm at step {step} ({rule})."},
    "banner.link": {"zh": "查看尖峰", "en": "Open Spikes"},
    # the time line
    "spikes.line.alt": {"zh": "{name} 的损失与警报时间线", "en": "Loss and alarms of {name} over its steps"},
    "spikes.lanes.alt": {"zh": "警报、跳过与回滚", "en": "Alarms, skipped steps and rollbacks"},
    "spikes.tree.alt": {"zh": "分支", "en": "Branches"},
    "spikes.lane.skipped": {"zh": "跳过", "en": "skipped"},
    "spikes.lane.left_out": {"zh": "不训练", "en": "left out"},
    "spikes.lane.back": {"zh": "回滚", "en": "rolled back"},
    "spikes.lane.skipped.at": {"zh": "跳过第 {first} – {last} 步", "en": "steps {first} – {last} skipped"},
    "spikes.lane.skipped.single": {"zh": "跳过第 {first} 步", "en": "step {first} skipped"},
    "spikes.lane.back.at": {"zh": "从第 {left} 步到第 {step} 步", "en": "from step {left} to step {step}"},
    "spikes.line.note": {
        "zh": "虚线为已放弃的分支",
        "en": "dashed lines are abandoned branches",
    },
    "spikes.tree.note": {
        "zh": "粗线为当前路径，细线为已放弃的步；竖线为分支的起点",
        "en": "thick: the present path; thin: abandoned steps; a branch hangs where it left the one above",
    },
    # the list
    "spikes.list": {"zh": "尖峰与警报", "en": "Spikes and alarms"},
    "spikes.list.count": {"zh": "共 {count} 个，最新的在前", "en": "{count}, the newest first"},
    "spikes.list.more": {"zh": "更早的 {count} 个没有列出。", "en": "{count} earlier ones are not listed."},
    "spikes.at": {"zh": "第 {step} 步", "en": "step {step}"},
    "spikes.state.over": {"zh": "已过去", "en": "over"},
    "spikes.state.open": {"zh": "进行中", "en": "under way"},
    "spikes.state.waits": {"zh": "等你决定", "en": "waits for you"},
    "spikes.state.look": {"zh": "请看一眼", "en": "to look at"},
    "spikes.state.ended": {"zh": "运行结束时未过去", "en": "not over when the run ended"},
    "spikes.details": {"zh": "详情", "en": "Details"},
    "spikes.details.step": {"zh": "步", "en": "step"},
    "spikes.details.branch": {"zh": "分支", "en": "branch"},
    "spikes.details.rule": {"zh": "警报", "en": "alarm"},
    "spikes.details.series": {"zh": "对象", "en": "of"},
    "spikes.details.value": {"zh": "数值", "en": "value"},
    "spikes.details.limit": {"zh": "界限", "en": "limit"},
    "spikes.details.against": {"zh": "参照", "en": "against"},
    # around a spike
    "spikes.around": {"zh": "尖峰前后", "en": "Around a spike"},
    "spikes.around.which": {"zh": "哪一个尖峰", "en": "Which spike"},
    "spikes.around.signal": {"zh": "信号", "en": "Signal"},
    "spikes.around.none": {
        "zh": "没有记录层组信号（[record] groups），或尖峰之前没有可比的数值。",
        "en": "No signals of layer groups were recorded ([record] groups), or none before the spike to compare with.",
    },
    "spikes.heat.alt": {"zh": "各层组在尖峰前后的变化", "en": "Groups of layers around the spike"},
    "spikes.heat.title": {
        "zh": "与第 {step} 步之前 128 步的中位数之比",
        "en": "Each value over the median of the 128 steps before step {step}",
    },
    "spikes.heat.rms_t": {
        "zh": "RMS_t：梯度与 Adam 记忆中的大小之比的均方根",
        "en": "RMS_t: root mean square of the gradient over what Adam remembers of it",
    },
    "spikes.heat.usual": {"zh": "中位数", "en": "median"},
    "spikes.heat.ratio": {"zh": "倍数", "en": "ratio"},
    "spikes.heat.value": {"zh": "数值", "en": "value"},
    "spikes.heat.group": {"zh": "层组", "en": "layers"},
    "spikes.heat.same": {"zh": "与之前相同", "en": "as before"},
    "spikes.heat.odd": {"zh": "叉号：不是数", "en": "a cross: not a number"},
    "spikes.heat.onset": {"zh": "尖峰开始", "en": "spike begins"},
    "spikes.samples": {"zh": "损失最大的样本", "en": "Samples with the largest loss"},
    "spikes.samples.what": {
        "zh": "损失大不等于样本有问题：它们只是警报前后损失最大的样本，供你查看。",
        "en": "A large loss is no verdict on a sample: these had the largest ones around the alarm, for you to read.",
    },
    "spikes.samples.none": {"zh": "这个警报没有附带样本。", "en": "No samples were told with this alarm."},
    "spikes.samples.row": {"zh": "样本 {row}", "en": "sample {row}"},
    # going back
    "spikes.points": {"zh": "回滚点", "en": "Where to go back to"},
    "spikes.points.none": {"zh": "当前路径上还没有检查点。", "en": "There is no checkpoint on the present path yet."},
    "spikes.points.more": {"zh": "其余的见“检查点”。", "en": "Checkpoints has the others."},
    "spikes.points.stable": {
        "zh": "此后有足够多的正常步",
        "en": "enough clean steps have passed since",
    },
    "spikes.points.sealed": {
        "zh": "文件完整，但此后的正常步还不够多",
        "en": "whole, but too few clean steps have passed since",
    },
    "spikes.points.suspect": {
        "zh": "在尖峰开始之后保存，不建议回到这里",
        "en": "written after a spike began; better go further back",
    },
    "spikes.points.confirm": {"zh": "确认回滚到第 {step} 步", "en": "Yes, roll back to step {step}"},
    "spikes.points.resume": {
        "zh": "训练程序已不在运行。从这里继续：",
        "en": "Its trainer is gone. To go on from here:",
    },
    # branches
    "spikes.tree": {"zh": "分支", "en": "Branches"},
    "spikes.tree.active": {"zh": "当前", "en": "active"},
    "spikes.tree.part": {"zh": "当前至第 {step} 步", "en": "active up to step {step}"},
    "spikes.tree.abandoned": {"zh": "已放弃", "en": "abandoned"},
    "spikes.tree.name": {"zh": "分支 {branch}", "en": "branch {branch}"},
    "spikes.tree.from": {"zh": "起点", "en": "leaves"},
    "spikes.tree.from.at": {"zh": "分支 {branch} 第 {step} 步之后", "en": "branch {branch} after step {step}"},
    "spikes.tree.steps": {"zh": "步", "en": "steps"},
    "spikes.tree.state": {"zh": "状态", "en": "state"},
    "spikes.tree.why": {"zh": "原因", "en": "why"},
    "spikes.tree.changed": {"zh": "改变了什么", "en": "what is changed"},
    "spikes.tree.one": {"zh": "只有一个分支：还没有回滚过。", "en": "One branch: nothing was rolled back."},
    "spikes.why.start": {"zh": "开始", "en": "the beginning"},
    "spikes.why.resume": {"zh": "继续运行", "en": "resumed"},
    "spikes.why.rollback": {"zh": "回滚", "en": "rolled back"},
    "spikes.why.by": {"zh": "{actor} 回滚", "en": "rolled back by {actor}"},
    "spikes.why.guard": {"zh": "守护：{rung}，尖峰始于第 {onset} 步", "en": "guard: {rung}; spike at step {onset}"},
}
