"""Words of the page Audit."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "audit": {"zh": "审计日志", "en": "Audit"},
    "audit.title": {"zh": "审计日志", "en": "Audit log"},
    "audit.title.what": {
        "zh": "谁在何时做了什么；只追加，一行扣着一行",
        "en": "who did what and when; rows are only ever appended, each chained to the one before",
    },
    "audit.none": {"zh": "日志里还没有任何记录。", "en": "Nothing is in the log yet."},
    "audit.none.fit": {
        "zh": "没有符合筛选条件的记录。",
        "en": "Nothing fits what you filter by.",
    },
    # what narrows it
    "audit.person": {"zh": "何人", "en": "Anyone"},
    "audit.about": {"zh": "对象或内容，如 campaign:3", "en": "Object or words, such as campaign:3"},
    "audit.did": {"zh": "任何操作", "en": "Any action"},
    "audit.days": {"zh": "从哪天到哪天", "en": "From which day to which"},
    "audit.all": {"zh": "清除筛选", "en": "Show everything"},
    # pages
    "audit.rows": {
        "zh": "第 {first} – {last} 条，共 {count} 条，最新的在前",
        "en": "{first} – {last} of {count} rows, the newest first",
    },
    "audit.rows.one": {"zh": "1 条", "en": "1 row"},
    "audit.newer": {"zh": "较新的", "en": "Newer"},
    "audit.older": {"zh": "较早的", "en": "Older"},
    "audit.csv.help": {
        "zh": "筛选出的全部记录，含链上的每一列",
        "en": "All rows that fit, with every column of the chain",
    },
    # the table
    "audit.column.row": {"zh": "行", "en": "row"},
    "audit.column.when": {"zh": "时间（{zone}）", "en": "when ({zone})"},
    "audit.column.utc": {"zh": "UTC 时间", "en": "UTC"},
    "audit.column.who": {"zh": "何人", "en": "who"},
    "audit.column.did": {"zh": "做了什么", "en": "did what"},
    "audit.column.object": {"zh": "对象", "en": "to what"},
    "audit.particulars": {"zh": "细节", "en": "particulars"},
    "audit.erased": {"zh": "{number} 号用户（姓名已删除）", "en": "person {number} (name erased)"},
    "audit.by_rules": {"zh": "程序规则", "en": "the rules"},
    "audit.by_command": {"zh": "{account}（命令行）", "en": "{account} (command line)"},
    "audit.as": {"zh": "以{role}身份", "en": "as {role}"},
    "audit.role.engineer": {"zh": "工程师", "en": "engineer"},
    "audit.role.expert": {"zh": "专家", "en": "expert"},
    "audit.role.lead": {"zh": "负责人", "en": "lead"},
    "audit.role.auditor": {"zh": "审计员", "en": "auditor"},
    "audit.role.admin": {"zh": "管理员", "en": "admin"},
    "audit.object.campaign": {"zh": "盲评 {name}", "en": "campaign {name}"},
    "audit.object.pair": {"zh": "盲评 {name} 的 {item}", "en": "{item} of campaign {name}"},
    "audit.object.user": {"zh": "用户 {name}", "en": "person {name}"},
    "audit.object.run": {"zh": "运行 {name}", "en": "run {name}"},
    "audit.object.key": {"zh": "密钥 {name}", "en": "key {name}"},
    "audit.object.proposal": {"zh": "待发布 {name}", "en": "proposal {name}"},
    "audit.object.environment": {"zh": "环境 {name}", "en": "environment {name}"},
    # whether the chain holds
    "audit.holds": {"zh": "链完整", "en": "the chain holds"},
    "audit.holds.what": {
        "zh": "共 {count} 条；{signed}。{when}检查",
        "en": "{count} rows; {signed}. Checked {when}",
    },
    "audit.holds.what.one": {"zh": "共 1 条；{signed}。{when}检查", "en": "1 row; {signed}. Checked {when}"},
    "audit.signed": {
        "zh": "服务器于 {at} 对第 {row} 行签过名",
        "en": "its end was signed at row {row} on {at}",
    },
    "audit.after": {"zh": "其后 {count} 行尚未签名", "en": "{count} rows after it are not signed yet"},
    "audit.after.one": {"zh": "其后 1 行尚未签名", "en": "1 row after it is not signed yet"},
    "audit.unsigned": {
        "zh": "末端还没有签过名（每 100 行、每次审批、发布和上线确认时签名）",
        "en": "no end is signed yet (signed with every 100 rows, each approval, release and confirmation)",
    },
    "audit.since": {"zh": "此后新增 {count} 条，尚未检查", "en": "{count} rows have come since, not yet checked"},
    "audit.since.one": {"zh": "此后新增 1 条，尚未检查", "en": "1 row has come since, not yet checked"},
    "audit.broken": {"zh": "链已断开", "en": "the chain is broken"},
    "audit.broken.row": {"zh": "第 {row} 行不成立：{why}", "en": "Row {row} does not hold: {why}"},
    "audit.broken.next": {
        "zh": "从这一行起，日志不能再作为证据。请停止发布，用备份或发布包核对：",
        "en": "From there on the log proves nothing. Release nothing, and compare it with a backup or a bundle:",
    },
    "audit.check": {"zh": "重新检查", "en": "Check again"},
    "audit.checking": {"zh": "正在逐行检查…", "en": "Checking every row…"},
    "audit.check.own": {"zh": "不依赖本服务器的检查方法", "en": "Check it without relying on this server"},
    "audit.check.own.what": {
        "zh": "这里用的是服务器自己登记的密钥，能改写数据文件的人也能换掉它。核对者应使用另行得到的公钥和发布包：",
        "en": "Here the server checks itself with the keys registered in its store, which whoever can write the store "
        "can replace. A verifier uses public keys and bundles that came by another way:",
    },
    # why a row does not hold (store.chain), and what else does not (store.heads)
    "audit.why.missing": {"zh": "它前面缺了第 {row} 行", "en": "row {row} is missing before it"},
    "audit.why.missing.more": {
        "zh": "它前面缺了第 {row} – {last} 行",
        "en": "rows {row} to {last} are missing before it",
    },
    "audit.why.twice": {"zh": "行号出现了两次", "en": "its number stands twice"},
    "audit.why.payload": {"zh": "细节与当初写入的不同", "en": "its payload is not the one that was appended"},
    "audit.why.time": {"zh": "时间无效", "en": "its time is none"},
    "audit.why.link": {
        "zh": "与上一行的链接不符",
        "en": "its link (previous) is not the hash of the row before",
    },
    "audit.why.hash": {"zh": "哈希与内容不符", "en": "its hash is not that of what it says"},
    "audit.why.cut": {
        "zh": "日志被截断：只到第 {end} 行，而{where}知道第 {row} 行",
        "en": "The log was cut off: it ends at row {end}, but {where} knows row {row}",
    },
    "audit.why.empty": {
        "zh": "日志被截断：已空，而{where}知道第 {row} 行",
        "en": "The log was cut off: it is empty, but {where} knows row {row}",
    },
    "audit.why.gone": {"zh": "缺了第 {row} 行，而{where}知道它", "en": "Row {row} is missing, which {where} knows"},
    "audit.why.anew": {
        "zh": "日志被重写：第 {row} 行与{where}所知的不同",
        "en": "The log was written anew: row {row} is another than {where} knows",
    },
    "audit.why.damaged": {
        "zh": "数据文件中{where}已损坏：没有说明日志当时到哪一行",
        "en": "In this store {where} is damaged: it does not say where the audit log ended",
    },
    "audit.why.stranger": {
        "zh": "{at} UTC 对第 {row} 行的签名用的是未知密钥 {name}",
        "en": "The signature of {at} UTC on row {row} is by the key {name}, which is unknown",
    },
    "audit.why.retired": {
        "zh": "{at} UTC 对第 {row} 行的签名用的是已停用的密钥 {name}",
        "en": "The signature of {at} UTC on row {row} is by the key {name}, which had been retired",
    },
    "audit.why.forged": {
        "zh": "{at} UTC 对第 {row} 行的签名不成立：签名后内容被改过",
        "en": "The signature of {at} UTC on row {row} does not hold: what was signed was changed",
    },
    "audit.why.clock": {
        "zh": "第 {row} 行的时钟倒退了 {by}",
        "en": "The clock went backwards at row {row}, by {by}",
    },
    "audit.why.unsigned": {
        "zh": "第 {row} 行之后没有再签过名：其后的记录{at}可能被悄悄截断；请检查服务器的密钥",
        "en": "No end of the log has been signed since row {row}: what came after it{at} can be cut off unseen; see to "
        "the server's key",
    },
    "audit.where.signature": {"zh": "{at} UTC 的签名", "en": "the signature of {at} UTC"},
    "audit.why.row.changed": {
        "zh": "{what} 被改过：审计日志第 {row} 行记的 {fields} 与它不同",
        "en": "{what} was changed: row {row} of the audit log tells another {fields}",
    },
    "audit.why.row.gone": {
        "zh": "库里少了审计日志第 {row} 行所记的 {what}",
        "en": "Row {row} of the audit log tells of what is gone from the store: {what}",
    },
    "audit.why.row.untold": {
        "zh": "审计日志里没有 {what} 的记录",
        "en": "{what} stands in no row of the audit log",
    },
    "audit.why.row.order": {
        "zh": "{what} 表各行的次序与审计日志所记的不同",
        "en": "The rows of {what} stand in another order than the audit log tells of them",
    },
    "audit.where.restore": {"zh": "{name} 的恢复凭据", "en": "the restore of {name}"},
    "audit.where.bundle": {"zh": "{name} 的发布包", "en": "the bundle of {name}"},
}
