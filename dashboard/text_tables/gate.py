"""Words of the gate: its checks, their results, the settings of a policy. What checks say stands in `evals.gate`."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    # checks, by the part of their name before the slash
    "gate.check.stable": {"zh": "可回滚", "en": "Safe to return to"},
    "gate.check.alarms": {"zh": "警报", "en": "Alarms"},
    "gate.check.exact": {"zh": "精确复现", "en": "Exactness"},
    "gate.check.scores": {"zh": "评分", "en": "Score"},
    "gate.check.not_worse": {"zh": "不比线上差", "en": "Not worse than live"},
    "gate.check.forgetting": {"zh": "保留", "en": "Kept"},
    "gate.check.campaign": {"zh": "盲评", "en": "Blind review"},
    "gate.check.policy": {"zh": "规则", "en": "Policy"},
    "gate.check.experts": {"zh": "专家", "en": "Experts"},
    "gate.check.critical": {"zh": "严重错误", "en": "Critical errors"},
    "gate.check.blinding": {"zh": "盲法", "en": "Blinding"},
    "gate.check.agreement": {"zh": "一致性", "en": "Agreement"},
    "gate.check.position": {"zh": "位置影响", "en": "Effect of the side"},
    "gate.check.graders": {"zh": "评判者", "en": "Graders"},
    "gate.check.specialties": {"zh": "领域", "en": "Fields"},
    "gate.check.skips": {"zh": "跳过的题", "en": "Skipped pairs"},
    "gate.check.genuine": {"zh": "评判属实", "en": "Genuine verdicts"},
    "gate.check.leaks": {"zh": "泄漏", "en": "Leaks"},
    "gate.check.answers": {"zh": "回答一致", "en": "Same answers"},
    "gate.check.files": {"zh": "检查点文件", "en": "Checkpoint"},
    "gate.check.proposal": {"zh": "要发布的文件夹", "en": "Folder to be released"},
    "gate.check.digests": {"zh": "摘要", "en": "Digests"},
    "gate.check.clock": {"zh": "时钟", "en": "Clock"},
    # groups, in reading order
    "gate.group.training": {"zh": "训练", "en": "Training"},
    "gate.group.learned": {"zh": "学到了什么", "en": "What it learned"},
    "gate.group.kept": {"zh": "保留了什么", "en": "What it kept"},
    "gate.group.experts": {"zh": "专家", "en": "Experts"},
    "gate.group.leaks": {"zh": "泄漏", "en": "Leaks"},
    "gate.group.files": {"zh": "文件", "en": "Files"},
    # results
    "gate.result.pass": {"zh": "通过", "en": "pass"},
    "gate.result.fail": {"zh": "不通过", "en": "fail"},
    "gate.result.inconclusive": {"zh": "未定", "en": "undecided"},
    "gate.result.missing": {"zh": "缺", "en": "missing"},
    # what a policy asks for
    "gate.section.review": {"zh": "专家评判", "en": "Blind review"},
    "gate.section.auto": {"zh": "自动评分", "en": "Scores"},
    "gate.section.forgetting": {"zh": "遗忘与泄漏", "en": "Forgetting and leaks"},
    "gate.section.health": {"zh": "训练", "en": "Training"},
    "gate.section.approval": {"zh": "签字", "en": "Signatures"},
    "gate.setting.review.alpha": {"zh": "每个结论出错的概率上限", "en": "A claim may be wrong in"},
    "gate.setting.review.margin": {"zh": "“不更差”指胜负差不低于", "en": "“Not worse” means by no more than"},
    "gate.setting.review.futility": {"zh": "误弃好候选的概率上限", "en": "A good one may be given up in"},
    "gate.setting.review.n_max": {"zh": "最多评", "en": "Pairs judged at most"},
    "gate.setting.review.overlap": {"zh": "由两人评判的比例", "en": "Pairs judged by two"},
    "gate.setting.review.min_graders": {"zh": "评判者至少", "en": "Graders at least"},
    "gate.setting.review.min_specialties": {"zh": "领域至少", "en": "Fields at least"},
    "gate.setting.review.max_position_z": {
        "zh": "位置影响上限（标准误）",
        "en": "Effect of the side (standard errors)",
    },
    "gate.setting.review.max_blinding_index": {"zh": "盲法指数上限", "en": "Blinding index up to"},
    "gate.setting.review.max_skip": {"zh": "跳过的题上限", "en": "Skipped pairs up to"},
    "gate.setting.review.critical_limit": {"zh": "严重错误上限", "en": "Critical errors up to"},
    "gate.setting.review.lease_minutes": {"zh": "一对为评判者保留（分钟）", "en": "A pair is kept for (minutes)"},
    "gate.setting.review.sitting_hours": {"zh": "评判最晚几小时后定稿", "en": "Verdicts are final after (hours)"},
    "gate.setting.review.criteria": {"zh": "评判标准", "en": "Criteria"},
    "gate.setting.review.min_alpha": {"zh": "一致性 α 要高于", "en": "Agreement, alpha above"},
    "gate.setting.review.waive_agreement": {"zh": "免除一致性要求", "en": "Agreement waived"},
    "gate.setting.review.max_differing": {"zh": "答得不同的回答上限", "en": "Answers that may differ"},
    "gate.setting.auto.suites": {"zh": "学到了什么：测试集", "en": "Suites learned"},
    "gate.setting.auto.min_gain": {"zh": "比训练的起点至少高（分）", "en": "Better than the start by (points)"},
    "gate.setting.auto.max_loss": {"zh": "比线上版本至多低（分）", "en": "Below what is live by at most (points)"},
    "gate.setting.forgetting.suites": {"zh": "没有忘什么：测试集", "en": "Suites kept"},
    "gate.setting.forgetting.margin": {"zh": "正确率至多丢", "en": "Right answers lost at most"},
    "gate.setting.forgetting.max_leaked": {"zh": "训练数据里的题上限", "en": "Items in the training data up to"},
    "gate.setting.health.require_exact": {"zh": "必须验证精确复现", "en": "Exactness must be proved"},
    "gate.setting.health.require_stable": {"zh": "检查点必须可回滚", "en": "Must be safe to return to"},
    "gate.setting.approval.approvals_required": {"zh": "需要签字的负责人", "en": "Leads who must sign"},
    "gate.value.yes": {"zh": "是", "en": "yes"},
    "gate.value.no": {"zh": "否", "en": "no"},
    "gate.value.all": {"zh": "全部，至少一个", "en": "all, at least one"},
    "gate.value.none": {"zh": "无", "en": "none"},
    "gate.value.points": {"zh": "{value} 个百分点", "en": "{value} points"},
    # why a signature counts no longer, and why somebody may not sign
    "gate.void.changed": {"zh": "证据此后有变化", "en": "the evidence has changed since"},
    "gate.void.role": {"zh": "签字人已不是负责人", "en": "the person is no lead any more"},
    "gate.void.key.unknown": {
        "zh": "签字用的密钥未在这里登记",
        "en": "it was signed with a key that is not registered here",
    },
    "gate.void.key.retired": {"zh": "签字用的密钥当时已停用", "en": "it was signed with a key that was retired before"},
    "gate.void.key.other": {"zh": "签字用的是别人的密钥", "en": "it was signed with another person's key"},
    "gate.void.broken": {"zh": "内容不是当时所签：{reason}", "en": "it is not what was signed: {reason}"},
    "gate.void.other": {"zh": "签的是另一个发布", "en": "it was signed for another release"},
    "gate.void.row": {"zh": "签字之后记录被改过", "en": "its row was changed after it was signed"},
    "gate.against.owner": {
        "zh": "{candidate} 这次运行属于 {name}，须由别人签字",
        "en": "{name} owns the run of {candidate}; somebody else must sign",
    },
    "gate.against.grader": {
        "zh": "{name} 在 {candidate} 的盲评 {campaign} 中评判过，须由别人签字",
        "en": "{name} graded in campaign {campaign} of {candidate}; somebody else must sign",
    },
    "gate.owner.unknown": {
        "zh": "{run} 写明属于“{name}”，这里没有这个人，因此查不出是否有人批准自己的运行；人员名单：assay user ls",
        "en": 'the owner "{name}" of {run} is nobody known here, so the rule that owners may not approve their own run '
        "cannot be applied to them; assay user ls lists everyone",
    },
    "gate.account.unknown": {
        "zh": "训练 {run} 的账户“{name}”对不上这里的任何人，因此查不出是否有人批准自己的运行；人员名单：assay user ls",
        "en": 'the account "{name}" that trained {run} is nobody known here, so the rule that owners may not approve '
        "their own run cannot be applied to them; assay user ls lists everyone",
    },
    "gate.refused.changed": {
        "zh": "你看过之后证据有变化：当时是 {was}，现在是 {now}；请重新查看",
        "en": "the evidence has changed since you looked: it was {was} and is {now}; look again",
    },
    "gate.refused.twice": {
        "zh": "{name} 已经签过（{kind}），须由另一位负责人签字",
        "en": "{name} has signed this already ({kind}); another lead must sign",
    },
    "gate.refused.short": {
        "zh": "强制放行的理由至少 {least} 个字符（空格不算），现在是 {n} 个",
        "en": "an override needs a reason of {least} characters at least without blanks, and this one has {n}",
    },
    "gate.refused.hidden": {
        "zh": "理由里有看不见的字符（{sign}）；请重写，不要带它",
        "en": "the reason holds a sign that does not show ({sign}); write it anew without it",
    },
    "gate.refused.reason": {
        "zh": "拒绝需要理由：请用一句话说明哪里必须改变",
        "en": "a refusal needs a reason; say in a sentence what must be different",
    },
    "gate.refused.clock": {
        "zh": "这台机器的时钟是 {now} UTC，早于审计日志的最后一行（{last} UTC）；请先校准",
        "en": "this machine's clock says {now} UTC, which is before the last entry of the audit log ({last} UTC); set "
        "it right first",
    },
    "gate.refused.role": {
        "zh": "这需要角色 {roles}，请找管理员",
        "en": "this needs the role {roles}; ask an admin for it",
    },
}
