"""Words of Run · Forgetting."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "view.forgetting": {"zh": "遗忘", "en": "Forgetting"},
    # nothing there
    "forget.none": {
        "zh": "还没有检查点答过“不应忘掉”的题。给出一个测试集，每个检查点都会与基座模型逐题对比：",
        "en": "No checkpoint was asked yet what it should not have lost. Name a suite of questions, and each "
        "checkpoint is compared with the base, question by question:",
    },
    "forget.none.config": {
        "zh": "或者写进配置，训练时自动评测：",
        "en": "Or in the configuration, so that training asks them itself:",
    },
    "forget.foreign": {
        "zh": "没有可比较的内容：只有 assay train 的检查点会与基座模型对比。",
        "en": "Nothing to compare: only checkpoints of assay train are compared with their base.",
    },
    "forget.no_base": {
        "zh": "测试集 {suite} 还没有基座模型的答案，无法对比。再评测一次，就会先问基座模型：",
        "en": "The base was not asked the suite {suite} yet, so there is nothing to compare with. Asked again, the "
        "base comes first:",
    },
    "forget.no_light": {
        "zh": "还没有选择题，因此没有红黄绿灯；下面是普通文本上的变化。",
        "en": "No choice questions were asked, so there is no light; below is what changed on general text.",
    },
    # the answer
    "forget.title": {"zh": "忘了吗？", "en": "Did it forget?"},
    "forget.against": {"zh": "{suite}，与基座模型对比", "en": "{suite}, against the base"},
    "forget.suite": {"zh": "测试集", "en": "Suite"},
    "forget.checkpoint": {"zh": "检查点", "en": "Checkpoint"},
    "forget.at": {"zh": "第 {step} 步", "en": "step {step}"},
    "forget.at.branch": {"zh": "第 {step} 步（分支 {branch}）", "en": "step {step} (branch {branch})"},
    "forget.light.green": {"zh": "绿灯：没有遗忘迹象", "en": "green: no sign of forgetting"},
    "forget.light.yellow": {"zh": "黄灯：可能遗忘", "en": "yellow: possible forgetting"},
    "forget.light.red": {"zh": "红灯：正在遗忘", "en": "red: it is forgetting"},
    "forget.light.off": {"zh": "不在当前路径上", "en": "not on the present path"},
    "forget.short.green": {"zh": "绿灯", "en": "green"},
    "forget.short.yellow": {"zh": "黄灯", "en": "yellow"},
    "forget.short.red": {"zh": "红灯", "en": "red"},
    "forget.short.off": {"zh": "已放弃", "en": "abandoned"},
    "forget.why.nothing": {
        "zh": "第 {step} 步答对 {acc}，基座模型答对 {base}：没有遗忘的迹象（{p}）。",
        "en": "At step {step} it answers {acc} right, the base {base}: no sign of forgetting ({p}).",
    },
    "forget.why.drift": {
        "zh": "第 {step} 步：正确答案的可能性比基座模型低（每题 {nats} 奈特），虽然目前丢掉的题不多。",
        "en": "At step {step} the right answers are less likely than to the base, by {nats} nats a question, though "
        "few of them were lost so far.",
    },
    "forget.why.once": {
        "zh": "第 {step} 步答对 {acc}，基座模型答对 {base}（{p}）；单个检查点可能是偶然。",
        "en": "At step {step} it answers {acc} right, the base {base} ({p}); one checkpoint alone can be chance.",
    },
    "forget.why.twice": {
        "zh": "第 {step} 步答对 {acc}，基座模型答对 {base}（{p}），"
        "而且前一个检查点（第 {before} 步）的 p 也小于 0.01。",
        "en": "At step {step} it answers {acc} right, the base {base} ({p}), and p was below 0.01 at the checkpoint "
        "before, step {before}, as well.",
    },
    "forget.why.severe": {
        "zh": "第 {step} 步答对 {acc}，基座模型答对 {base}（{p}），降幅至少是容许值 {margin}的一半。",
        "en": "At step {step} it answers {acc} right, the base {base} ({p}): a drop of at least half the margin of "
        "{margin}.",
    },
    "forget.why.off": {
        "zh": "第 {step} 步答对 {acc}，基座模型答对 {base}（{p}）；这个检查点不在当前路径上，不计入判断。",
        "en": "At step {step} it answers {acc} right, the base {base} ({p}); this checkpoint is not on the present "
        "path and does not count.",
    },
    "forget.clean.light": {
        "zh": "去掉被用于训练的题目后：",
        "en": "Without the questions used for training it would be:",
    },
    "forget.clean.all": {
        "zh": "这里问的题全都被用于训练，因此说明不了遗忘。",
        "en": "All of the questions asked here were used for training, so this says nothing of forgetting.",
    },
    # figures
    "forget.points": {"zh": "{value} 个百分点", "en": "{value} points"},
    "forget.points.one": {"zh": "1 个百分点", "en": "1 point"},
    "forget.span": {"zh": "95 % 区间 {low} 到 {high}", "en": "95 % interval {low} to {high}"},
    "forget.drop": {"zh": "比基座模型下降", "en": "Drop against the base"},
    "forget.retention": {"zh": "保留率", "en": "Retention"},
    "forget.retention.what": {
        "zh": "基座模型超出猜测的部分",
        "en": "of what the base knows beyond guessing",
    },
    "forget.retention.none": {"zh": "基座模型只是在猜", "en": "the base only guesses"},
    "forget.changed": {"zh": "丢掉 / 新学会", "en": "Lost / gained"},
    "forget.changed.what": {"zh": "问了 {n} 题，共 {of} 题", "en": "questions, {n} asked of {of}"},
    "forget.margin": {"zh": "不差过 {margin}", "en": "Not worse by more than {margin}"},
    "forget.margin.yes": {"zh": "是", "en": "shown"},
    "forget.margin.no": {"zh": "未能证明", "en": "not shown"},
    "forget.margin.what": {
        "zh": "最多下降 {bound}（95 % 把握）",
        "en": "the drop may be up to {bound} (95 % sure)",
    },
    "forget.mde": {"zh": "这次测试能看出的最小降幅", "en": "Smallest drop this test could see"},
    "forget.mde.none": {"zh": "无", "en": "none"},
    "forget.mde.what": {"zh": "题越多，能看出的越小", "en": "more questions see smaller ones"},
    "forget.mde.few": {"zh": "题太少", "en": "too few questions"},
    # by checkpoint
    "forget.line": {
        "zh": "比基座模型下降多少（百分点，带 95 % 区间）；越高忘得越多；虚线：容许下降 {margin}",
        "en": "Drop against the base, in points, with its 95 % interval; higher is worse; dashed: margin of {margin}",
    },
    "forget.line.drop": {"zh": "下降（百分点）", "en": "drop, in points"},
    "forget.line.low": {"zh": "区间下端", "en": "lower end"},
    "forget.line.high": {"zh": "区间上端", "en": "upper end"},
    "forget.line.light": {"zh": "灯", "en": "light"},
    "forget.kept": {
        "zh": "保留率：基座模型超出猜测的部分还剩多少（%）；虚线：基座模型",
        "en": "Retention: how much is left of what the base knows beyond guessing, in percent; dashed: the base",
    },
    "forget.kept.value": {"zh": "保留率（%）", "en": "retention, in percent"},
    "forget.kept.no_interval": {
        "zh": "保留率没有区间：它是两个估计之比；要判断，看下降及其区间。",
        "en": "Retention has no interval, as it is one estimate over another: judge by the drop and its interval.",
    },
    # by subject
    "forget.subjects": {"zh": "分类", "en": "By subject"},
    "forget.subjects.what": {
        "zh": "{place}；丢得最多的在前；p 已按分类数校正（Holm），小于 0.05 才算",
        "en": "{place}, the largest loss first; p allows for the number of subjects (Holm), below 0.05 counts",
    },
    "forget.subjects.more": {"zh": "其余 {count} 个分类", "en": "{count} more subjects"},
    "forget.subjects.more.one": {"zh": "其余 1 个分类", "en": "1 more subject"},
    "forget.map": {
        "zh": "各分类在各检查点的保留率（%）；{place}丢得最多的在上",
        "en": "Retention by subject and checkpoint, in percent; the largest loss at {place} on top",
    },
    "forget.map.newest": {
        "zh": "最近 {count} 个检查点中，各分类的保留率（%）；{place}丢得最多的在上",
        "en": "Retention by subject at the newest {count} checkpoints, in percent; the largest loss at {place} on top",
    },
    "forget.map.what": {
        "zh": "颜色越深，离 100 越远；“–”：基座模型只是在猜。",
        "en": "The stronger the colour, the farther from 100; “–”: the base only guesses.",
    },
    "forget.subject": {"zh": "分类", "en": "subject"},
    "forget.subject.none": {"zh": "（未分类）", "en": "(none)"},
    "forget.n": {"zh": "题数", "en": "questions"},
    "forget.base_now": {"zh": "基座模型 → 现在", "en": "base → now"},
    "forget.lost_gained": {"zh": "丢掉 / 新学会", "en": "lost / gained"},
    "forget.drop.head": {"zh": "下降（百分点）", "en": "drop, in points"},
    "forget.holm": {"zh": "校正后的 p", "en": "Holm p"},
    "forget.reads": {"zh": "结论", "en": "reading"},
    "forget.reads.fell": {"zh": "下降了", "en": "fell"},
    "forget.reads.open": {"zh": "看不出", "en": "not shown to fall"},
    # general text
    "forget.text": {"zh": "普通文本：{suite}", "en": "General text: {suite}"},
    "forget.text.what": {
        "zh": "与基座模型对比；低于 0.03 可忽略，LoRA 微调通常为 0.03 到 0.10",
        "en": "against the base; below 0.03 is negligible, LoRA usually costs 0.03 to 0.10",
    },
    "forget.text.rise": {"zh": "每词元损失上升（奈特）", "en": "rise of the loss, nats a token"},
    "forget.text.band": {"zh": "程度", "en": "reading"},
    "forget.text.bits": {"zh": "每字节比特", "en": "bits a byte"},
    "forget.text.kl": {"zh": "KL（奈特）", "en": "KL, nats a token"},
    "forget.text.more": {
        "zh": "更早的 {count} 个检查点没有列出。",
        "en": "{count} earlier checkpoints are not listed.",
    },
    "forget.text.more.one": {
        "zh": "更早的 1 个检查点没有列出。",
        "en": "1 earlier checkpoint is not listed.",
    },
    "forget.text.incomparable": {"zh": "词元不同，不可比", "en": "other tokens: not comparable"},
    "forget.band.negligible": {"zh": "可忽略", "en": "negligible"},
    "forget.band.normal": {"zh": "正常", "en": "normal"},
    "forget.band.raised": {"zh": "偏高", "en": "raised"},
    "forget.band.alarm": {"zh": "警报", "en": "alarm"},
    # leaks
    "forget.leak.clean": {
        "zh": "没有题目被用于训练（查看了 {rows} 行训练数据）。",
        "en": "None of the questions was used for training ({rows} rows looked at).",
    },
    "forget.leak.unchecked": {
        "zh": "没有检查题目是否被用于训练：不知道训练数据是什么。",
        "en": "Whether questions were used for training was not checked: no training data is known.",
    },
    "forget.leak.found": {
        "zh": "{of} 题中有 {n} 题被用于训练（查看了 {rows} 行训练数据）。",
        "en": "{n} of {of} questions were used for training ({rows} rows looked at).",
    },
    "forget.leak.without": {
        "zh": "去掉它们：下降 {drop}（95 % 区间 {low} 到 {high}），保留率 {retention}。",
        "en": " Without them: drop {drop} (95 % interval {low} to {high}), retention {retention}.",
    },
    "forget.leak.list": {"zh": "被用于训练的题目", "en": "Questions used for training"},
    "forget.leak.coverage": {"zh": "重合", "en": "found"},
    "forget.leak.source": {"zh": "文件", "en": "file"},
    "forget.leak.row": {"zh": "行", "en": "row"},
    # what helps
    "forget.help": {"zh": "可以怎么办", "en": "What helps"},
    "forget.help.general": {
        "zh": "混入通用数据，例如占训练词元的 20 %：",
        "en": "Mix in general data, say a fifth of the tokens it trains on:",
    },
    "forget.help.more_general": {
        "zh": "提高通用数据的比例（data.general_ratio，现在：{ratio}）。",
        "en": "Raise the share of general data (data.general_ratio, now {ratio}).",
    },
    "forget.help.slower": {
        "zh": "降低学习率（optim.lr，现在：{lr}）或减小 LoRA 的秩（lora.rank，现在：{rank}）。",
        "en": "Lower the learning rate (optim.lr, now {lr}) or the rank of the adapter (lora.rank, now {rank}).",
    },
    "forget.help.slower.full": {
        "zh": "降低学习率（optim.lr，现在：{lr}），或改用 LoRA（train.method）。",
        "en": 'Lower the learning rate (optim.lr, now {lr}), or train an adapter (train.method = "lora").',
    },
    "forget.help.usual": {"zh": "默认值", "en": "the default"},
    "forget.help.back": {"zh": "回滚到最后一个绿灯的检查点：", "en": "Go back to the last checkpoint that was green:"},
    "forget.help.back.link": {"zh": "第 {step} 步", "en": "step {step}"},
    "forget.help.back.none": {
        "zh": "当前路径上没有保存下来的绿灯检查点。",
        "en": "No checkpoint of the present path that still exists was green.",
    },
    # the questions
    "forget.lost": {"zh": "丢掉的题", "en": "Lost questions"},
    "forget.lost.what": {
        "zh": "{n} 题：基座模型答对，第 {step} 步答错",
        "en": "{n}, which the base answers right and step {step} does not",
    },
    "forget.lost.none": {
        "zh": "基座模型答对的题，这个检查点也都答对了。",
        "en": "It answers right whatever the base answered right.",
    },
    "forget.lost.more": {"zh": "其余 {n} 题", "en": "{n} more"},
    "forget.gained": {
        "zh": "新学会的 {n} 题：基座模型答错，现在答对",
        "en": "{n} gained: the base answers them wrong, it answers them right",
    },
    "forget.question": {"zh": "题目", "en": "question"},
    "forget.right": {"zh": "正确答案", "en": "right answer"},
    "forget.now": {"zh": "现在的回答", "en": "answers now"},
    "forget.before": {"zh": "基座模型的回答", "en": "the base answers"},
    "forget.trained_on": {"zh": "被用于训练", "en": "used for training"},
}
