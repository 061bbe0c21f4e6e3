"""What a run's trainer and recorder say of its end and of what asks for a look; the English words are theirs."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

_UNSOUND = (
    "memory or a link of its machine is not sound, so nothing was sealed; leave that machine out, and go on "
    "with --resume"
)  # fmt: skip
_UNSOUND_ZH = "那台机器的内存或网络有问题，所以没有封存；请去掉那台机器，用 --resume 继续"

TEXTS: dict[str, Text] = {
    "said.failed": {"zh": "失败：{why}", "en": "failed: {why}"},
    "said.stopped": {
        "zh": "由 {by} 在第 {step} / {total} 步停止",
        "en": "stopped at step {step} of {total} by {by}",
    },
    "said.stopped.why": {
        "zh": "由 {by} 在第 {step} / {total} 步停止：{why}",
        "en": "stopped at step {step} of {total} by {by}: {why}",
    },
    "said.ctrl_c": {"zh": "被 Ctrl-C 中止", "en": "stopped by Ctrl-C"},
    "said.early": {
        "zh": "在第 {step} 步提前停止：验证损失在第 {best} 步最低",
        "en": "stopped early at step {step}: the lowest validation loss is that of step {best}",
    },
    "said.useless": {
        "zh": "在第 {step} 步停止：连续 {n} 步的损失或梯度不是数；请查看数据、调低 optim.lr，或从更早的检查点继续",
        "en": (
            "stopped at step {step}: for {n} steps in a row the loss or the gradient was not a number; see the data of "
            "these steps, lower optim.lr, or go on from an earlier checkpoint"
        ),
    },
    "said.not_begun": {"zh": "无法开始记录", "en": "recording could not begin"},
    "said.broken": {"zh": "记录中断：{why}", "en": "recording stopped: {why}"},
    "said.memory.adapter": {
        "zh": '{where}内存不足（{reason}）；请训练适配器（train.method = "lora"，4 位权重用 "qlora"），或换小模型',
        "en": (
            'out of memory {where} ({reason}); train an adapter (train.method = "lora", or "qlora" on weights of 4 '
            "bits) or take a smaller model"
        ),
    },
    "said.memory.one": {
        "zh": (
            "{where}每次只放一个样本仍内存不足（{reason}）；请调低 data.max_length、设 "
            "train.gradient_checkpointing = true，或换小一些的模型"
        ),
        "en": (
            "out of memory {where} with one sample at a time ({reason}); lower data.max_length, set "
            "train.gradient_checkpointing = true, or take a smaller model"
        ),
    },
    "said.where.optimizer": {
        "zh": "第 {step} 步建立优化器状态时",
        "en": "for the optimizer's state at step {step}",
    },
    "said.where.validation": {"zh": "第 {step} 步之后的验证中", "en": "in the validation after step {step}"},
    "said.where.reference": {"zh": "测量参考模型时", "en": "at the reference"},
    "said.where.step": {"zh": "第 {step} 步", "en": "at step {step}"},
    "said.where.beginning": {"zh": "第一步之前", "en": "before the first step"},
    "said.apart": {
        "zh": f"进程 {{rank}} 与进程 0 的内容已不一致，首先见于 {{name}}：{_UNSOUND_ZH}",
        "en": f"process {{rank}} no longer holds the same as process 0, first in {{name}}: {_UNSOUND}",
    },
    "said.other_part": {
        "zh": f"进程 {{rank}} 持有的 {{name}} 部分与汇总到的不同：{_UNSOUND_ZH}",
        "en": f"process {{rank}} holds another part of {{name}} than was gathered of it: {_UNSOUND}",
    },
    "said.other_rows": {
        "zh": "各进程持有的 {name} 合计 {n} 行，汇总到 {of} 行：机器或其间网络有问题，没有封存；请用 --resume 继续",
        "en": (
            "the parts of {name} that the processes hold have {n} rows together, and {of} were gathered: a machine or "
            "a link between two is not sound, so nothing was sealed; go on with --resume"
        ),
    },
    "said.no_probability": {
        "zh": "第一步之前，模型认为 {file} 第 {row} 行的某个回答概率为零；请去掉这一行，或用 train.precision=fp32 训练",
        "en": (
            "the model gives an answer of row {row} of {file} no probability before the first step; take the row out, "
            "or train with train.precision=fp32"
        ),
    },
    "said.weight": {
        "zh": "第 {step} 步没有写检查点：模型有权重不是数",
        "en": "no checkpoint was written at step {step}: a weight of the model is not a number",
    },
    "said.unwritten": {
        "zh": "第 {step} 步的检查点无法写入：{reason}",
        "en": "no checkpoint could be written at step {step}: {reason}",
    },
    "said.unsealed": {
        "zh": "第 {step} 步的检查点无法封存：{reason}",
        "en": "the checkpoint at step {step} could not be sealed: {reason}",
    },
    "said.none_sealed": {
        "zh": "这次训练不封存检查点：{reason}",
        "en": "no checkpoint of this training is sealed: {reason}",
    },
    "said.put_aside": {
        "zh": "{folder} 里不是那一步学到的内容；已改名保留为 {aside}，并重新写入",
        "en": "{folder} did not hold what was learned at its step; it is kept as {aside}, and written anew",
    },
    "said.unrecorded": {
        "zh": "{folder} 已封存，但记录那一步之前进程被杀；这一步将重做",
        "en": "{folder} was sealed, but the run was killed before its step was recorded; that is done again",
    },
    "said.undeletable": {"zh": "{folder} 无法删除：{reason}", "en": "{folder} cannot be deleted: {reason}"},
    "said.unpinned": {
        "zh": "{folder} 没有受到防删除保护：{reason}",
        "en": "{folder} is not held against deletion: {reason}",
    },
    "said.uncopied": {"zh": "没有复制到 {place}：{reason}", "en": "not copied to {place}: {reason}"},
    "said.other_mirror": {
        "zh": "{place} 是另一个同名运行的镜像；已改名保留为 {aside}",
        "en": "{place} was the mirror of another run of this name; it is kept as {aside}",
    },
    "said.memory.fewer": {
        "zh": "内存不足：此后每次 {n} 个样本，每步 {times} 次",
        "en": "out of memory: from here on {n} samples at once, {times} times a step",
    },
    "said.frozen": {
        "zh": "{names} 不参与训练，却在内存中变了；已重新读取模型",
        "en": "{names}, which is not trained, had changed in memory; the model was read again",
    },
    "said.asks": {
        "zh": "第 {onset} 步起的尖峰：{why}；第 {step} 步起运行等待：可让它照旧继续、回滚到某个检查点，或停止",
        "en": (
            "step {step}: {why} against the spike at step {onset}; the run waits: continue goes on as it is, a "
            "rollback goes back to a checkpoint, stop ends it"
        ),
    },
    "said.guard.done": {"zh": "守护能做的都已做过", "en": "the guard has done what it may"},
    "said.guard.nowhere": {"zh": "守护没有可退回的检查点", "en": "the guard has nothing to go back to"},
    "said.guard.nowhere.why": {
        "zh": "守护没有可退回的检查点；{reason}",
        "en": "the guard has nothing to go back to; {reason}",
    },
    "said.replay.rows": {
        "zh": "重做的第 {step} 步读到的样本与之前不同",
        "en": "step {step}, done again, read other samples than before",
    },
    "said.replay.loss": {
        "zh": "重做的第 {step} 步损失为 {now}，之前是 {was}：{reason}",
        "en": "step {step}, done again, came to a loss of {now} and not {was}: {reason}",
    },
    "said.replay.gradient": {
        "zh": "重做的第 {step} 步梯度与之前不同：{reason}",
        "en": "step {step}, done again, came to another gradient than before: {reason}",
    },
    "said.resharded": {
        "zh": "继续运行的是 {now}，写检查点的是 {was}：此后不再逐位一致",
        "en": "goes on in {now}, where the checkpoint was written by {was}: from here on not bit for bit",
    },
    "said.config": {
        "zh": "config.toml 与写检查点时不同：{changes}；按现在的内容继续",
        "en": "config.toml is not what it was at the checkpoint: {changes}; the run goes on with what is there",
    },
    "said.nothing_left": {
        "zh": "{file} 的 {of} 行中有 {n} 行不用：回答没有剩下任何词元（第 {rows} 行）",
        "en": "{n} of {of} rows of {file} are left out: no token of an answer is left in them (rows {rows})",
    },
    "said.undecided": {
        "zh": "{file} 的 {of} 行中有 {n} 行不用：读到的部分里两个回答相同（第 {rows} 行）",
        "en": (
            "{n} of {of} rows of {file} are left out: both answers are the same, as far as they are read (rows {rows})"
        ),
    },
    "said.cut": {
        "zh": "{file} 的 {of} 行中有 {n} 行超过 {most} 个词元，末尾截去；由 data.max_length 或模型决定（第 {rows} 行）",
        "en": (
            "{n} of {of} rows of {file} are longer than {most} tokens and are cut at their end; data.max_length or the "
            "model decides (rows {rows})"
        ),
    },
    "said.parted": {
        "zh": "{file} 的 {of} 行中有 {n} 行超过 {most} 个词元，分成 {parts} 段读取（第 {rows} 行）",
        "en": "{n} of {of} rows of {file} were longer than {most} tokens and are read in {parts} parts (rows {rows})",
    },
    "said.no_validation": {
        "zh": "data.validation 为 {share}，但没有留出任何行，因而没有验证损失：{why}；可用 --validation FILE 另指文件",
        "en": (
            "data.validation is {share}, but nothing is held out, so there is no validation loss: {why}; a file of "
            "other rows can be named, --validation FILE"
        ),
    },
    "said.one_row": {"zh": "只有一行", "en": "there is only one row"},
    "said.rows_alike": {
        "zh": "各行之间或与通用数据几乎相同",
        "en": "the rows are nearly the same, as each other or as the general data",
    },
    "said.rows_together": {
        "zh": "几乎相同的行归在一起，没有哪一组小到符合这个比例",
        "en": "rows that are nearly the same stay together, and no such group is as small as the share",
    },
    "said.alike": {
        "zh": "验证文件有 {n} 行与训练数据几乎相同，不用来测量",
        "en": (
            "{n} rows of the validation file stand, nearly the same, in the training data; they are not measured on"
        ),
    },
    "said.no_place": {
        "zh": "{folder} 中有 {n} 个权重在模型里没有位置，不使用（{names}）",
        "en": "{n} weights in {folder} have no place in the model and are left out ({names})",
    },
    "said.unpacked": {
        "zh": "每篇文档单独成行读取，因为这个模型不能把拼在一起的文档分开",
        "en": "each document is read in a row of its own, as this model does not keep packed ones apart",
    },
    "said.tokens": {
        "zh": "分词器有 {n} 个词元，模型有 {of} 个，多出 {more} 个，超过补齐所需；请确认分词器属于这个模型",
        "en": (
            "the tokenizer has {n} tokens and the model {of}, {more} more than padding takes; see whether the "
            "tokenizer is the model's own"
        ),
    },
    "said.end_token": {
        "zh": "分词器以词元 {token}（{name}）结束回答，而 {file} 的 eos_token_id 是 {there}；别的程序可能不在那里停止",
        "en": (
            "the tokenizer ends an answer with token {token} ({name}), and eos_token_id in {file} is {there}; other "
            "programs may not stop where answers end"
        ),
    },
    "said.unscored": {"zh": "{where}没有给 {suite} 评分：{reason}", "en": "{suite} was not scored {where}: {reason}"},
    "said.leaks": {
        "zh": "没有在训练数据中查找评测题：{reason}",
        "en": "the suites were not looked for in the training data: {reason}",
    },
    "said.forgot": {"zh": "{suite} 在第 {step} 步为红灯", "en": "{suite} is red at step {step}"},
    "said.forgot.times": {
        "zh": "{suite} 在第 {step} 步为红灯，而且已经退回过 {times} 次",
        "en": "{suite} is red at step {step}, and it went back {times} times already",
    },
    "said.forgot.nowhere": {
        "zh": "{suite} 在第 {step} 步为红灯，而且之前没有绿灯的检查点可退回{more}",
        "en": "{suite} is red at step {step}, and there is no green checkpoint before it to go back to{more}",
    },
    "said.forgot.stops": {
        "zh": "guard.max_forgetting 停止运行：{why}",
        "en": "guard.max_forgetting stops the run: {why}",
    },
    "said.forgot.back": {
        "zh": "从第 {left} 步退回第 {step} 步，即最近的绿灯检查点：{why}；此后：{now}",
        "en": "went back from step {left} to step {step}, the last green one: {why}; now: {now}",
    },
    "said.light.red": {"zh": "{suite} 在第 {step} 步为红灯：{why}", "en": "{suite} is red at step {step}: {why}"},
    "said.light.yellow": {
        "zh": "{suite} 在第 {step} 步为黄灯：{why}",
        "en": "{suite} is yellow at step {step}: {why}",
    },
    "said.red": {"zh": "{suite} 为红灯，{why}", "en": "{suite} is red, {why}"},
    "said.light.severe": {
        "zh": "正确率比基座低 {points}（p 值：{p}），至少是容许值 {margin}的一半",
        "en": "accuracy fell by {points} against the base, p is {p}, at least half the margin of {margin}",
    },
    "said.light.twice": {
        "zh": "正确率比基座低 {points}（p 值：{p}），上一个检查点的 p 也低于 {limit}",
        "en": (
            "accuracy fell by {points} against the base, p is {p}, and below {limit} at the checkpoint before as well"
        ),
    },
    "said.light.once": {
        "zh": "正确率比基座低 {points}（p 值：{p}）；单独一个检查点可能是偶然",
        "en": "accuracy fell by {points} against the base, p is {p}; one checkpoint alone can be chance",
    },
    "said.p.below": {"zh": "低于 {limit}", "en": "below {limit}"},
    "said.point": {"zh": "1 个百分点", "en": "1 point"},
    "said.points": {"zh": "{n} 个百分点", "en": "{n} points"},
    "said.light.drift": {
        "zh": "正确答案的可能性变小了，虽然至今答错的不多",
        "en": "the right answers became less likely, though few of them were lost so far",
    },
    "said.untold.tries": {
        "zh": "试了 {tries} 次，没有把“{title}”通知到 {target}：{reason}",
        "en": '{target} was not told "{title}" after {tries} tries: {reason}',
    },
    "said.untold": {
        "zh": "没有把“{title}”通知到 {target}：{reason}",
        "en": '{target} was not told "{title}": {reason}',
    },
    "said.host_silent": {
        "zh": "训练脚本不写日志（logging_strategy 为 no），因此没有记录任何一步，也没有守护；请让它写日志，"
        "或把 AssayMixin 加入训练器的类",
        "en": "the host logs nothing (logging_strategy is no), so no step is recorded and nothing guards this "
        "training; let it log, or put AssayMixin among the classes of the trainer",
    },
    "said.silent": {
        "zh": "{file} 已有 {minutes} 分钟没有新内容",
        "en": "nothing new in {file} for {minutes} minutes",
    },
}
