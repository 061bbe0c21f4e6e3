"""What the audit log tells of, in words that follow the name of who did it; a test compares them with the program."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    # people
    "audit.action.user-add": {"zh": "登记了用户", "en": "added a person"},
    "audit.action.user-remove": {"zh": "移除了用户", "en": "removed a person"},
    "audit.action.role-grant": {"zh": "授予了角色", "en": "gave a role"},
    "audit.action.role-revoke": {"zh": "收回了角色", "en": "took a role back"},
    "audit.action.login": {"zh": "登录", "en": "signed in"},
    "audit.action.logout": {"zh": "退出登录", "en": "signed out"},
    "audit.action.login-refused": {"zh": "拒绝了一次登录", "en": "refused a login"},
    "audit.action.invite": {"zh": "发出了邀请", "en": "invited someone"},
    "audit.action.invite-revoke": {"zh": "撤回了邀请", "en": "took an invitation back"},
    "audit.action.key-add": {"zh": "登记了密钥", "en": "registered a key"},
    "audit.action.key-retire": {"zh": "停用了密钥", "en": "retired a key"},
    # the store
    "audit.action.store-backup": {"zh": "备份了整个存储", "en": "backed the store up"},
    "audit.action.store-restore": {"zh": "从备份恢复了存储", "en": "restored the store from a backup"},
    # runs
    "audit.action.run-edit": {"zh": "修改了运行的备注信息", "en": "edited what is noted of a run"},
    # blind review
    "audit.action.campaign-open": {"zh": "开始了盲评", "en": "opened a campaign"},
    "audit.action.campaign-close": {"zh": "结束了盲评", "en": "closed a campaign"},
    "audit.action.campaign-simulated": {"zh": "让程序代为评判", "en": "had a program make verdicts up"},
    "audit.action.sitting-open": {"zh": "开始评判", "en": "sat down to judge"},
    "audit.action.sitting-close": {"zh": "结束评判，结论不再更改", "en": "ended a sitting: its verdicts are final"},
    "audit.action.lease": {"zh": "领到一对回答", "en": "was given a pair"},
    "audit.action.expired": {"zh": "收回了超时未评的回答", "en": "took back a pair that was not answered in time"},
    "audit.action.draft": {"zh": "保存了草稿", "en": "kept a draft"},
    "audit.action.verdict": {"zh": "提交了评判", "en": "gave a verdict"},
    "audit.action.verdict-edit": {"zh": "修改了评判", "en": "changed a verdict"},
    "audit.action.practice": {"zh": "做了练习", "en": "judged a practice pair"},
    "audit.action.skip": {"zh": "跳过了一对回答", "en": "skipped a pair"},
    "audit.action.flag": {"zh": "报告了有问题的题目", "en": "reported a faulty pair"},
    "audit.action.guess": {"zh": "猜了哪个是新模型", "en": "guessed which answer was the new model's"},
    "audit.action.pack": {"zh": "把若干对回答装进离线文件", "en": "packed pairs into a file for judging offline"},
    "audit.action.pack-import-begun": {
        "zh": "开始导入离线评判",
        "en": "began to import verdicts that were given offline",
    },
    "audit.action.pack-import": {"zh": "导入了离线评判", "en": "imported verdicts that were given offline"},
    "audit.action.peek": {"zh": "看了结果", "en": "looked at results"},
    "audit.action.export": {"zh": "导出了评判", "en": "exported verdicts"},
    "audit.action.let-go": {"zh": "不再保留检查点", "en": "let checkpoints go"},
    # the gate and releases
    "audit.action.propose": {"zh": "提出了发布", "en": "proposed a release"},
    "audit.action.approve": {"zh": "批准", "en": "approved"},
    "audit.action.refuse": {"zh": "拒绝", "en": "refused"},
    "audit.action.override": {"zh": "强制放行", "en": "overrode the gate"},
    "audit.action.release": {"zh": "发布了", "en": "released"},
    "audit.action.restore": {"zh": "让早先的版本重新上线", "en": "put an earlier version back"},
    "audit.action.countersign": {
        "zh": "作为第二位负责人确认了重新上线",
        "en": "confirmed, as a second lead, what was put back",
    },
    "audit.action.confirm": {"zh": "确认了正在运行的版本", "en": "confirmed what a server runs"},
}
