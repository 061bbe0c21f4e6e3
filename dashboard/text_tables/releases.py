"""Words of the page Releases."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "releases": {"zh": "发布记录", "en": "Releases"},
    "releases.none": {
        "zh": "{environment} 还没有发布过任何模型。",
        "en": "Nothing was ever released in {environment}.",
    },
    "releases.none.how": {
        "zh": "下一步：审核一个候选，由负责人签字，然后发布：",
        "en": "Next: check a candidate, have leads sign it, and release it:",
    },
    "releases.none.check": {"zh": "去发布审核", "en": "To the release check"},
    "releases.environment": {"zh": "环境", "en": "Environment"},
    # what is live
    "releases.live": {
        "zh": "{environment} 线上：v{version}，{candidate}",
        "en": "Live in {environment}: v{version}, {candidate}",
    },
    "releases.live.since": {"zh": "{when} 起，已 {time}", "en": "since {when}, for {time}"},
    "releases.chip.live": {"zh": "线上", "en": "live"},
    "releases.chip.restored": {"zh": "重新上线", "en": "put back"},
    "releases.chip.override": {"zh": "强制放行", "en": "override"},
    "releases.chip.passed": {"zh": "审核通过", "en": "passed"},
    "releases.by": {"zh": "由 {name} 发布。", "en": "Released by {name}."},
    "releases.by.restored": {"zh": "由 {name} 重新上线：{reason}。", "en": "Put back by {name}: {reason}."},
    "releases.approved": {"zh": "{names} 批准。", "en": "Approved by {names}."},
    "releases.overrode": {"zh": "审核未通过，{names} 强制放行。", "en": "The gate did not pass; {names} overrode it."},
    "releases.signed.unknown": {
        "zh": "数据文件中它的发布包已损坏，无法说明由谁签字。",
        "en": "Its bundle in the store is damaged, so it cannot be said who signed it.",
    },
    # the second lead of a restore
    "releases.second.awaited": {
        "zh": "第二位负责人还没有确认这次重新上线；请在 {due} 前确认。",
        "en": "Not yet confirmed by a second lead; due by {due}.",
    },
    "releases.second.late": {
        "zh": "24 小时内没有第二位负责人确认这次重新上线（期限 {due}）。没有自动撤销任何东西。",
        "en": "No second lead confirmed this restore within 24 hours (by {due}). Nothing was undone by itself.",
    },
    "releases.second.given": {
        "zh": "第二位负责人 {name} 已于 {when} 确认。",
        "en": "Confirmed by {name}, a second lead, on {when}.",
    },
    "releases.second.confirm": {"zh": "作为第二位负责人确认", "en": "Confirm as second lead"},
    "releases.second.done": {
        "zh": "{environment} 的 v{version} 已由你确认。",
        "en": "You confirmed v{version} of {environment}.",
    },
    "releases.second.done.first": {
        "zh": "{environment} 的 v{version} 已记下你的确认；还须另一位负责人确认。",
        "en": "Your word on v{version} of {environment} is kept; another lead must still confirm it.",
    },
    "releases.second.two": {
        "zh": "它是在命令行不带密钥重新上线的，因此须由两位负责人确认。",
        "en": "It was put back at the command line without a key, so two leads must confirm it.",
    },
    "releases.second.first": {
        "zh": "它是在命令行不带密钥重新上线的；{name} 已确认，算作上线的人，还须另一位负责人确认。",
        "en": "It was put back at the command line without a key; {name} confirmed it and counts as who did that, so "
        "another lead must confirm it.",
    },
    "releases.second.failed": {"zh": "没有确认：{reason}", "en": "Not confirmed: {reason}"},
    "releases.said.own": {
        "zh": "{title}（{environment}）是 {name} 重新上线的，须由另一位负责人确认",
        "en": "{name} put {title} of {environment} back; another lead must confirm it",
    },
    "releases.said.own.first": {
        "zh": "{name} 算作让 {title}（{environment}）重新上线的人，须由另一位负责人确认",
        "en": "{name} counts as who put {title} of {environment} back; another lead must confirm it",
    },
    "releases.said.moved": {
        "zh": "在你查看之后，{by} 让 {title}（{environment}）上线了；请重新查看",
        "en": "since you looked, {title} of {environment} was made live by {by}; look again",
    },
    "releases.said.confirmed": {
        "zh": "{name} 已于 {when} UTC 确认了 {title}（{environment}）",
        "en": "{name} has confirmed {title} of {environment} already, on {when} UTC",
    },
    # what servers say
    "releases.running": {"zh": "已确认在运行：{hosts}。", "en": "Confirmed running by {hosts}."},
    "releases.running.none": {
        "zh": "还没有服务器确认在运行它。“已发布”不等于“在运行”；加载模型的服务器用这条命令确认：",
        "en": "No server has confirmed that it runs it: released is not yet running. A server that has loaded it says "
        "so with:",
    },
    "releases.running.not": {
        "zh": "有 {count} 台服务器报告的不是线上版本。",
        "en": "{count} servers say that they run something else.",
    },
    "releases.running.not.one": {
        "zh": "有 1 台服务器报告的不是线上版本。",
        "en": "1 server says that it runs something else.",
    },
    "releases.host": {"zh": "服务器", "en": "server"},
    "releases.host.runs": {"zh": "在运行", "en": "runs"},
    "releases.host.when": {"zh": "报告时间", "en": "said"},
    "releases.host.state": {"zh": "结论", "en": "so it is"},
    "releases.host.live": {"zh": "确认在运行线上版本", "en": "confirmed running"},
    "releases.host.before": {"zh": "发布前的报告，之后没有消息", "en": "said before the release, nothing since"},
    "releases.host.other": {"zh": "不是线上版本", "en": "not what is live"},
    "releases.host.unknown": {"zh": "从未发布过的 {digest}", "en": "{digest}, which was never released"},
    # one release
    "releases.line": {"zh": "时间线", "en": "Time line"},
    "releases.line.what": {
        "zh": "发布和重新上线，最新的在前；只追加，从不改写",
        "en": "releases and restores, the newest first; rows are only ever appended",
    },
    "releases.chart": {"zh": "各版本何时在线上", "en": "Which version was live when"},
    "releases.chart.from": {"zh": "从", "en": "from"},
    "releases.chart.to": {"zh": "到", "en": "to"},
    "releases.from_to": {"zh": "{begin} 至 {end}（{time}）", "en": "{begin} – {end} ({time})"},
    "releases.from_on": {"zh": "{begin} 起（{time}）", "en": "since {begin} ({time})"},
    "releases.line.by": {"zh": "{name} 发布", "en": "released by {name}"},
    "releases.line.restored": {"zh": "{name} 重新上线", "en": "put back by {name}"},
    "releases.line.approved": {"zh": "{names} 批准", "en": "approved by {names}"},
    "releases.line.overrode": {"zh": "{names} 强制放行", "en": "overridden by {names}"},
    "releases.more": {"zh": "再显示 {count} 次更早的", "en": "Show {count} earlier ones"},
    "releases.back.yes": {"zh": "今天可以重新上线", "en": "can be put back today"},
    "releases.back.no": {"zh": "今天不能重新上线：{why}", "en": "cannot be put back today: {why}"},
    "releases.restore": {"zh": "重新上线…", "en": "Put back…"},
    "releases.restore.what": {
        "zh": "v{version} 会立即在 {environment} 代替 v{live}。先重新读取它的每个字节；已配置的通知地址会收到消息。",
        "en": "v{version} takes the place of v{live} in {environment} at once. Every byte of it is read again first; a "
        "webhook that is set is told.",
    },
    "releases.restore.reason": {"zh": "为什么？", "en": "Why?"},
    "releases.restore.confirm": {"zh": "让 v{version} 重新上线", "en": "Put v{version} back"},
    "releases.restore.empty": {"zh": "请说明为什么。", "en": "Say why it is put back."},
    "releases.restore.done": {
        "zh": "v{version} 已在 {environment} 重新上线。",
        "en": "v{version} is live in {environment} again.",
    },
    "releases.restore.already": {"zh": "v{version} 已经在线上。", "en": "v{version} was live already."},
    "releases.restore.failed": {"zh": "没有重新上线：{reason}", "en": "Not put back: {reason}"},
    "releases.verify": {"zh": "核验", "en": "Verify"},
    "releases.verifying": {"zh": "正在读取每个字节…", "en": "Reading every byte…"},
    "releases.verified": {
        "zh": "全部成立：读取了 {count} 个文件，签名有效，审核重新计算的结论相同。",
        "en": "Everything holds: {count} files were read, the signatures are good, and the gate decides the same.",
    },
    "releases.verified.not": {"zh": "不成立：{why}", "en": "It does not hold: {why}"},
    "releases.verified.own": {
        "zh": "这里是服务器用自己登记的密钥检查自己。核验者必须使用另行得到的公钥：",
        "en": "Here the server has checked itself by the keys registered in its own store. A verifier must use public "
        "keys that came by another way:",
    },
    "releases.report.zh": {"zh": "中文报告", "en": "Report, Chinese"},
    "releases.report.en": {"zh": "英文报告", "en": "Report, English"},
    "releases.report.help": {
        "zh": "一个可打印的 HTML 文件：结论、检查、谁在何时签字、怎样核验",
        "en": "One HTML file to print or send: decision, checks, who signed when, how to verify",
    },
    # what was live on a day
    "releases.at": {"zh": "某天线上是什么？", "en": "What was live on …"},
    "releases.at.day": {"zh": "日期（{zone}）", "en": "Day ({zone})"},
    "releases.at.none": {
        "zh": "{day}：{environment} 线上什么都没有；第一次发布在 {first}。",
        "en": "{day}: nothing was live in {environment}; the first release was on {first}.",
    },
    "releases.at.all_day": {"zh": "全天", "en": "all day"},
    "releases.at.until": {"zh": "到 {end}", "en": "until {end}"},
    "releases.at.from": {"zh": "{begin} 起", "en": "from {begin}"},
    "releases.at.from_to": {"zh": "{begin} 到 {end}", "en": "from {begin} to {end}"},
    "releases.at.signed": {"zh": "签字：{names}", "en": "signed by {names}"},
    "releases.at.send": {"zh": "要发给别人的文件：", "en": "The one file to send:"},
    # what is said no with
    "releases.said.cannot": {
        "zh": "{title}（{environment}）不能重新上线：{why}",
        "en": "{title} of {environment} cannot be put back: {why}",
    },
    "releases.said.told": {
        "zh": "{environment} 的发布记录与审计日志不一致：{why}；请与备份比较",
        "en": "the releases of {environment} are not what the audit log tells: {why}; compare the store with a backup",
    },
    "releases.said.row": {
        "zh": "数据文件中 {title}（{environment}）的记录不成立：{why}",
        "en": "the row of {title} of {environment} does not hold: {why}",
    },
    "releases.said.row.changed": {
        "zh": "数据文件中 {title}（{environment}）的记录被改过，与签名的不一致",
        "en": "the row of {title} of {environment} was changed: it is not what was signed",
    },
    "releases.said.folder.gone": {"zh": "它的文件夹 {path} 不见了", "en": "its folder {path} is gone"},
    "releases.said.folder.changed": {
        "zh": "它的文件夹 {path} 被改过：{why}",
        "en": "its folder {path} was changed: {why}",
    },
    "releases.said.checkpoint.gone": {"zh": "它的检查点 {path} 不见了", "en": "its checkpoint {path} is gone"},
    "releases.said.checkpoint.changed": {
        "zh": "它的检查点 {path} 被改过：{why}",
        "en": "its checkpoint {path} was changed: {why}",
    },
    "releases.said.base.gone": {
        "zh": "{path} 里的基座不见了，请放回去",
        "en": "its base is gone from {path}; put it back",
    },
    "releases.said.base.other": {
        "zh": "{path} 里的基座不是训练时的那一个，请换回来",
        "en": "its base in {path} is not the one it was trained on; put that one back",
    },
    "releases.said.base.unknown": {
        "zh": "从来不知道基座 {path} 的摘要，无法判断是否同一个",
        "en": "the digest of its base {path} was never known, so nobody can tell whether it is the same",
    },
    "releases.said.manifest": {
        "zh": "manifest.json 与封存时不同",
        "en": "its manifest.json is not the one that was sealed",
    },
    "releases.said.missing": {"zh": "缺少 {name}", "en": "{name} is missing"},
    "releases.said.size": {"zh": "{name} 的大小变了", "en": "{name} has another size"},
    "releases.said.added": {"zh": "多出了 {name}", "en": "{name} was added"},
    "releases.said.signed": {
        "zh": "{name} 与签名时不同：摘要不一致",
        "en": "{name} is not the one that was signed: its SHA-256 is another",
    },
    "releases.said.paper": {
        "zh": "{path} 与发布时不同；请恢复原样，或删除它",
        "en": "{path} is not the one that was released; put it back as it was, or remove it",
    },
    # why a candidate is not released
    "releases.said.unbuilt": {
        "zh": "还没有由 {candidate} 生成文件夹，没有东西可发布；请先提议：assay gate check {named}",
        "en": "no folder was built from {candidate}, so there is nothing to release; propose it: assay gate check "
        "{named}",
    },
    "releases.said.refused": {
        "zh": "{name} 于 {when} UTC 拒绝了 {candidate}：{reason}",
        "en": "{name} refused {candidate} on {when} UTC: {reason}",
    },
    "releases.said.evidence": {
        "zh": "{candidate} 的证据在发布途中有变化：原来是 {was}，现在是 {now}；请批准现在的证据",
        "en": "the evidence of {candidate} changed while it was being released: it was {was} and is {now}; approve "
        "what it is now",
    },
    "releases.said.approvals": {
        "zh": "{candidate} 需要 {required} 个批准，还缺 {missing} 个{lapsed}；由负责人在“发布审核”页批准，或用 "
        "assay gate approve {named} --key FILE",
        "en": "{missing} of {required} approvals are missing for {candidate}{lapsed}; leads approve it on the page "
        "Release check, or by assay gate approve {named} --key FILE",
    },
    "releases.said.lapsed": {
        "zh": "；{name} 于 {when} UTC 签的不算数：{void}",
        "en": "; what {name} signed on {when} UTC does not count: {void}",
    },
    "releases.said.gate": {
        "zh": "{candidate} 的审核结论是“{decision}”：{check}：{says}{more}{over}",
        "en": "the gate says {decision} for {candidate}: {check}: {says}{more}{over}",
    },
    "releases.said.more": {"zh": "；另有 {n} 项没有通过", "en": ", and {n} more checks do not pass"},
    "releases.said.over": {
        "zh": "；{required} 位负责人中已有 {given} 位强制放行，还缺 {missing} 位",
        "en": "; {given} of {required} leads overrode it, {missing} missing",
    },
}
