"""Words of the story bar, and of the people who are played, both of which stand in demos alone."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "story": {"zh": "演示", "en": "The story"},
    "story.done": {"zh": "已完成", "en": "done"},
    "story.train": {"zh": "训练", "en": "train"},
    "story.spike": {"zh": "尖峰", "en": "spike"},
    "story.rollback": {"zh": "回滚", "en": "rollback"},
    "story.scores": {"zh": "评分", "en": "scores"},
    "story.forgetting": {"zh": "遗忘", "en": "forgetting"},
    "story.review": {"zh": "盲评", "en": "blind review"},
    "story.check": {"zh": "发布审核", "en": "release check"},
    "story.approve": {"zh": "批准", "en": "approvals"},
    "story.release": {"zh": "发布", "en": "release"},
    "story.restore": {"zh": "恢复", "en": "restore"},
    "story.train.do": {
        "zh": "模型正在本机训练：现在是 {run}。看曲线，等分诊台训练完。",
        "en": "A model is being trained on this machine, now {run}. Watch its curves until the desk is trained.",
    },
    "story.spike.do": {
        "zh": "接下来用过高的学习率和四条坏数据再训练一次，损失会冲高。",
        "en": "The desk is trained again with a rate too high and four broken rows: its loss will spike.",
    },
    "story.rollback.do": {
        "zh": "同样的训练由守护看管：它会退回到尖峰之前。",
        "en": "The same once more with the guard at work: it goes back to before the spike.",
    },
    "story.scores.do": {
        "zh": "每个检查点都会被自动评分，很快就能看到。",
        "en": "Each checkpoint is scored; the scores are about to come.",
    },
    "story.forgetting.do": {
        "zh": "每个检查点都会被问到它原来会的知识；不混入通用数据的那次训练忘得更多。",
        "en": "Each checkpoint is asked what it knew before; without general data more is forgotten.",
    },
    "story.review.do": {
        "zh": "以王医生的身份评十五对回答，不知道哪个出自哪个模型；其余可以交给模拟评审组。",
        "en": "Judge fifteen pairs as Dr Wang, who is not told which model answered; a made-up panel can judge the "
        "rest.",
    },
    "story.review.wait": {
        "zh": "两个模型正在回答新的问诊，马上可以盲评。",
        "en": "Both models answer new complaints; the blind review is about to open.",
    },
    "story.check.do": {
        "zh": "盲评已结束。以负责人 Li 的身份看 {candidate} 能否发布，凭什么。",
        "en": "The blind review is over. As lead Li, see whether {candidate} may be released, and on what evidence.",
    },
    "story.approve.do": {
        "zh": "如果审核通过，请批准；需要两位负责人，已有 {given} / {required}。不通过就看它为什么不通过。",
        "en": "Where the gate passes, approve: two leads must, {given} of {required} did. Where it does not, read why.",
    },
    "story.release.do": {
        "zh": "两位负责人都批准了。以负责人 Li 的身份发布 {candidate}。",
        "en": "Both leads approved. As lead Li, release {candidate}.",
    },
    "story.restore.do": {
        "zh": "{candidate} 已上线。以负责人 Zhao 的身份把上一版恢复上线，并说明理由。",
        "en": "{candidate} is live. As lead Zhao, put the release before it back, and say why.",
    },
    "story.over.do": {
        "zh": "整个故事讲完了：谁在什么时候做了什么，审计日志里都有。",
        "en": "The story is told. Who did what, and when, stands in the audit log.",
    },
    "story.neutral": {
        "zh": "演示第 {number} 步，共 {count} 步：盲评。",
        "en": "Step {number} of {count} of the story: the blind review.",
    },
    "story.neutral.over": {"zh": "盲评已结束。", "en": "The blind review is over."},
    "story.go": {"zh": "前往", "en": "Go there"},
    "story.go.as": {"zh": "以 {who} 的身份前往", "en": "Go there as {who}"},
    "persona": {"zh": "你现在是", "en": "You are"},
    "persona.self": {"zh": "你自己（全部角色）", "en": "yourself, in every role"},
    "persona.engineer": {"zh": "工程师 {name}", "en": "engineer {name}"},
    "persona.expert": {"zh": "专家 {name}", "en": "expert {name}"},
    "persona.li": {"zh": "负责人 {name}", "en": "lead {name}"},
    "persona.zhao": {"zh": "负责人 {name}", "en": "lead {name}"},
    "persona.auditor": {"zh": "审计员 {name}", "en": "auditor {name}"},
}
