"""The words of the printed report, in both languages; the gate's sentences are in `evals.gate`.

say = words_of("zh")
say("title", version=3, environment="prod")
"""

from collections.abc import Mapping
from typing import Any, Protocol

from evals.gate.words_zh import Language

__all__ = ["WORDS", "Say", "words_of"]


class Say(Protocol):
    """Says something in one language."""

    language: Language
    """Which."""

    def __call__(self, key: str, /, **words: Any) -> str:
        """The words of a key with `words` put in."""
        ...

    def name_of(self, check: str) -> str:
        """What a check is called; that of a suite with the suite's name."""
        ...

    def kind(self, group: str, name: str) -> str:
        """What a name of a group is called; itself where people chose it."""
        ...


class _Words:
    def __init__(self, language: Language) -> None:
        self.language: Language = language

    def __call__(self, key: str, /, **words: Any) -> str:
        return WORDS[key][self.language].format(**words)

    def name_of(self, check: str) -> str:
        kind, _, suite = check.partition("/")
        return f"{self(f'check.{kind}')}{f' · {suite}' if suite else ''}"

    def kind(self, group: str, name: str) -> str:
        found = WORDS.get(f"{group}.{name}")
        return found[self.language] if found else name


def words_of(language: Language) -> Say:
    """Whatever is said, in a language."""
    return _Words(language)


WORDS: Mapping[str, Mapping[Language, str]] = {
    # the head
    "title": {"zh": "发布报告：{environment} v{version}", "en": "Release report: v{version} of {environment}"},
    "brand": {"zh": "Assay 试金", "en": "Assay 试金"},
    "demo": {
        "zh": "演示数据：同一个人可以扮演所有角色，评判可能由程序编造。不得用于任何真实用途。",
        "en": "Demo store: one person may have played every role, and verdicts may be made up. Not for any real use.",
    },
    "override": {
        "zh": "越过审核发布：审核结论是“{decision}”，由负责人签字放行。此标记永远保留。",
        "en": "Released though the gate did not pass: it said {decision}, and leads overrode it. This mark stays.",
    },
    "refused": {
        "zh": "有负责人拒绝了它，且仍然有效：{refused}",
        "en": "A lead refuses it, and that stands: {refused}",
    },
    "one_approval": {
        "zh": "规则只要求一位负责人签字。",
        "en": "The policy asks for one lead's signature only.",
    },
    "status.live": {"zh": "现在在线，自 {since} 起", "en": "Live now, since {since}"},
    "status.was": {
        "zh": "现在不在线；曾在线：{spans}",
        "en": "Not live now; it was live: {spans}",
    },
    "span": {"zh": "{since} 至 {until}", "en": "{since} to {until}"},
    # the decision
    "decision": {"zh": "结论", "en": "Decision"},
    "decision.pass": {"zh": "通过", "en": "pass"},
    "decision.fail": {"zh": "不通过", "en": "fail"},
    "decision.inconclusive": {"zh": "无结论", "en": "inconclusive"},
    "decision.sentence.pass": {
        "zh": "{candidate} 于 {time} 由 {name} 发布为 {environment} v{version}：{checks} 项检查全部通过，"
        "{signed} 位负责人签字（规则要求 {required} 位）。",
        "en": "{candidate} was released as v{version} of {environment} on {time} by {name}: all {checks} checks pass, "
        "and {signed} of {required} required leads approved.",
    },
    "decision.sentence.over": {
        "zh": "{candidate} 于 {time} 由 {name} 发布为 {environment} v{version}，尽管 {checks} 项检查中有 {open} 项"
        "没有通过：{signed} 位负责人签字放行（规则要求 {required} 位）。",
        "en": "{candidate} was released as v{version} of {environment} on {time} by {name} though {open} of {checks} "
        "checks do not pass: {signed} of {required} required leads overrode the gate.",
    },
    "reason": {"zh": "理由：{reason}", "en": "Why: {reason}"},
    # what is released
    "what": {
        "zh": "发布的是什么，与原来在线的有何不同",
        "en": "What is released, and how it differs from what was live",
    },
    "what.part": {"zh": "组成", "en": "part"},
    "what.this": {"zh": "本次发布", "en": "this release"},
    "what.before": {"zh": "原来在线：v{version}（{candidate}）", "en": "live until then: v{version} ({candidate})"},
    "what.first": {"zh": "此前 {environment} 没有发布过。", "en": "Nothing was live in {environment} before."},
    "what.change": {"zh": "变化", "en": "change"},
    "what.same": {"zh": "相同", "en": "same"},
    "what.new": {"zh": "不同", "en": "changed"},
    "what.none": {"zh": "无", "en": "none"},
    "what.merged": {"zh": "适配器已并入基座的权重。", "en": "The adapter is taken into the weights of its base."},
    "what.adapter": {
        "zh": "这是适配器，须与下列摘要的基座一起运行。",
        "en": "It is an adapter, and runs on the base with the digest below alone.",
    },
    "part.folder": {"zh": "文件夹", "en": "folder"},
    "part.checkpoint": {"zh": "检查点", "en": "checkpoint"},
    "part.base": {"zh": "基座", "en": "base"},
    "part.adapter": {"zh": "适配器", "en": "adapter"},
    "part.weights": {"zh": "权重", "en": "weights"},
    "part.tokenizer": {"zh": "分词器", "en": "tokenizer"},
    "part.chat_template": {"zh": "对话模板", "en": "chat template"},
    "part.generation_config": {"zh": "生成配置", "en": "generation config"},
    "part.data": {"zh": "训练数据", "en": "training data"},
    # checks
    "checks": {"zh": "逐项检查", "en": "Checks"},
    "checks.name": {"zh": "检查", "en": "check"},
    "checks.result": {"zh": "结果", "en": "result"},
    "checks.says": {"zh": "依据", "en": "evidence"},
    "result.pass": {"zh": "通过", "en": "pass"},
    "result.fail": {"zh": "不通过", "en": "fail"},
    "result.inconclusive": {"zh": "无结论", "en": "inconclusive"},
    "result.missing": {"zh": "缺", "en": "missing"},
    "check.agreement": {"zh": "评判一致性", "en": "agreement"},
    "check.alarms": {"zh": "警报", "en": "alarms"},
    "check.answers": {"zh": "重答", "en": "answers again"},
    "check.blinding": {"zh": "盲法", "en": "blinding"},
    "check.campaign": {"zh": "盲评", "en": "blind review"},
    "check.clock": {"zh": "时钟", "en": "clock"},
    "check.critical": {"zh": "严重错误", "en": "critical errors"},
    "check.digests": {"zh": "摘要", "en": "digests"},
    "check.exact": {"zh": "精确复现", "en": "exactness"},
    "check.experts": {"zh": "专家结论", "en": "experts"},
    "check.files": {"zh": "检查点文件", "en": "checkpoint files"},
    "check.forgetting": {"zh": "遗忘", "en": "forgetting"},
    "check.genuine": {"zh": "评判属实", "en": "genuine verdicts"},
    "check.graders": {"zh": "评判者", "en": "graders"},
    "check.leaks": {"zh": "训练数据泄漏", "en": "leaks"},
    "check.not_worse": {"zh": "不差于线上", "en": "not worse than live"},
    "check.policy": {"zh": "规则", "en": "policy"},
    "check.position": {"zh": "左右位置", "en": "position"},
    "check.proposal": {"zh": "要发布的文件夹", "en": "folder"},
    "check.scores": {"zh": "自动评分", "en": "scores"},
    "check.skips": {"zh": "跳过", "en": "skips"},
    "check.specialties": {"zh": "领域", "en": "fields"},
    "check.stable": {"zh": "可回滚", "en": "safe to return to"},
    # experts
    "experts": {"zh": "专家盲评", "en": "Blind review by experts"},
    "experts.none": {"zh": "没有专家评过。", "en": "No expert judged it."},
    "experts.what": {
        "zh": "盲评 {name}：与 {baseline} 相比，计入 {n} 对，{graders} 人评判。",
        "en": "Campaign {name} against {baseline}: {n} pairs count, {graders} people judged.",
    },
    "experts.part": {"zh": "项目", "en": "of"},
    "experts.overall": {"zh": "总体", "en": "overall"},
    "experts.pairs": {"zh": "对", "en": "pairs"},
    "experts.won": {"zh": "胜", "en": "won"},
    "experts.tied": {"zh": "平", "en": "tied"},
    "experts.lost": {"zh": "负", "en": "lost"},
    "experts.difference": {"zh": "胜负差", "en": "win difference"},
    "experts.bounds": {"zh": "至少 … 至多", "en": "at least … at most"},
    "experts.everyone": {"zh": "不分领域", "en": "everyone's"},
    "experts.bounds.what": {
        "zh": "胜负差 = 胜的比例 − 负的比例；上下界各有 {sure} 的把握，随时查看都成立。",
        "en": "Win difference = share won − share lost; each bound holds with {sure}, at every look.",
    },
    "criterion.accurate": {"zh": "准确", "en": "accurate"},
    "criterion.professional": {"zh": "专业", "en": "professional"},
    "criterion.useful": {"zh": "有用", "en": "useful"},
    "experts.identical": {
        "zh": "另有 {n} 对两个回答完全相同，没有送评，也不计入。",
        "en": "{n} more pairs had the same answer twice; they were not judged and do not count.",
    },
    # critical errors
    "critical": {"zh": "严重错误", "en": "Critical errors"},
    "critical.sum": {
        "zh": "候选 {candidate} / {n} 对，基线 {baseline} / {n} 对；规则容许 {limit}。",
        "en": "Candidate {candidate} of {n} pairs, baseline {baseline} of {n}; the policy allows {limit}.",
    },
    "critical.none": {"zh": "没有人标出严重错误。", "en": "Nobody found one."},
    "critical.side.candidate": {"zh": "候选", "en": "candidate"},
    "critical.side.baseline": {"zh": "基线", "en": "baseline"},
    "error.wrong-fact": {"zh": "事实错误", "en": "wrong fact"},
    "error.dangerous-advice": {"zh": "危险建议", "en": "dangerous advice"},
    "error.missed-emergency": {"zh": "漏掉急症", "en": "missed emergency"},
    "error.made-up-source": {"zh": "编造出处", "en": "made-up source"},
    "error.other": {"zh": "其他", "en": "other"},
    "critical.question": {"zh": "问题", "en": "question"},
    "critical.answer": {"zh": "回答", "en": "answer"},
    "critical.quote": {"zh": "标出的原句", "en": "sentence found"},
    # scores and forgetting
    "scores": {"zh": "学到了什么", "en": "What it learned"},
    "scores.none": {"zh": "没有跑过测试集。", "en": "No suite was scored."},
    "scores.suite": {"zh": "测试集", "en": "suite"},
    "scores.metric": {"zh": "指标", "en": "metric"},
    "scores.items": {"zh": "题数", "en": "items"},
    "scores.leaked": {"zh": "在训练数据里", "en": "in training data"},
    "scores.value": {"zh": "得分", "en": "score"},
    "scores.over_base": {"zh": "比训练的起点", "en": "over what its run began with"},
    "scores.over_live": {"zh": "比原来在线的", "en": "over what was live"},
    "forgetting": {"zh": "忘了什么", "en": "What it forgot"},
    "forgetting.none": {"zh": "没有测过“不能忘”的题目。", "en": "No suite of what must be kept was asked."},
    "forgetting.lost": {"zh": "丢", "en": "lost"},
    "forgetting.gained": {"zh": "得", "en": "gained"},
    "forgetting.drop": {"zh": "下降（95 % 区间）", "en": "drop (95 % interval)"},
    "forgetting.bound": {"zh": "上界", "en": "upper bound"},
    "points": {"zh": "{value} 个百分点", "en": "{value} points"},
    # who signed
    "signed": {"zh": "谁签字，何时，为什么", "en": "Who signed, when and why"},
    "signed.who": {"zh": "姓名", "en": "who"},
    "signed.did": {"zh": "行为", "en": "what"},
    "signed.when": {"zh": "时间（本地 · UTC）", "en": "when (local · UTC)"},
    "signed.way": {"zh": "签字方式", "en": "how"},
    "signed.why": {"zh": "理由", "en": "why"},
    "signed.approve": {"zh": "批准", "en": "approved"},
    "signed.override": {"zh": "越过审核放行", "en": "overrode the gate"},
    "signed.release": {"zh": "发布", "en": "released"},
    "signed.way.key": {"zh": "本人密钥 {key}", "en": "own key {key}"},
    "signed.way.oidc": {"zh": "网页登录，服务器密钥 {key}", "en": "signed in, server's key {key}"},
    "signed.way.local": {"zh": "在本机，服务器密钥 {key}", "en": "at this machine, server's key {key}"},
    "signed.way.persona": {"zh": "演示中的角色，服务器密钥 {key}", "en": "played in a demo, server's key {key}"},
    "signed.no_reason": {"zh": "未写理由", "en": "no reason given"},
    # lineage
    "lineage": {"zh": "来历", "en": "Lineage"},
    "lineage.gone": {"zh": "{name}（已删除）", "en": "{name} (removed)"},
    "lineage.base": {"zh": "基座 {name}", "en": "base {name}"},
    "lineage.run": {"zh": "训练 {name}", "en": "run {name}"},
    "lineage.branch": {"zh": "第 {step} 步另起分支：{name}", "en": "branched at step {step}: {name}"},
    "lineage.alarm": {"zh": "第 {step} 步警报：{name}", "en": "alarm at step {step}: {name}"},
    "lineage.checkpoint": {"zh": "检查点 {name}", "en": "checkpoint {name}"},
    "lineage.scores": {"zh": "测试集 {name}", "en": "suites {name}"},
    "lineage.campaign": {"zh": "盲评 {name}", "en": "blind review {name}"},
    "lineage.signed": {"zh": "{name}：{count} 人签字", "en": "{name}: {count} signed"},
    "lineage.release": {"zh": "发布 {name}", "en": "released {name}"},
    "lineage.live": {"zh": "{name}，现在在线", "en": "{name}, live now"},
    # data and digests
    "data": {"zh": "数据", "en": "Data"},
    "data.run": {"zh": "训练", "en": "run"},
    "data.file": {"zh": "文件", "en": "file"},
    "data.role": {"zh": "用途", "en": "used for"},
    "data.rows": {"zh": "行数", "en": "rows"},
    "role.train": {"zh": "训练", "en": "training"},
    "role.general": {"zh": "通用", "en": "general"},
    "role.validation": {"zh": "验证", "en": "validation"},
    "data.none": {"zh": "没有记录数据文件。", "en": "No data file was recorded."},
    "digests": {"zh": "摘要", "en": "Digests"},
    "digests.bundle": {"zh": "bundle.json", "en": "bundle.json"},
    "digests.evidence": {"zh": "证据", "en": "evidence"},
    "digests.policy": {"zh": "规则", "en": "policy"},
    "digests.audit": {"zh": "审计日志第 {seq} 行", "en": "audit log, row {seq}"},
    "digests.key": {"zh": "服务器密钥", "en": "server's key"},
    "files": {"zh": "文件", "en": "files"},
    "files.bytes": {"zh": "字节", "en": "bytes"},
    "policy": {"zh": "所用规则全文", "en": "The policy, whole"},
    # running
    "running": {"zh": "服务器确认", "en": "What servers said"},
    "running.none": {
        "zh": "没有服务器确认过正在运行的版本：发布与运行是两回事。",
        "en": "No server has confirmed what it runs: released and running are two things.",
    },
    "running.host": {"zh": "服务器", "en": "server"},
    "running.runs": {"zh": "运行的版本", "en": "runs"},
    "running.when": {"zh": "确认时间（本地 · UTC）", "en": "said so (local · UTC)"},
    "running.live": {"zh": "是现在在线的版本", "en": "is what is live"},
    "running.yes": {"zh": "是", "en": "yes"},
    "running.no": {"zh": "否", "en": "no"},
    "running.unknown": {"zh": "未在此发布过", "en": "never released here"},
    # verify
    "verify": {"zh": "如何验证", "en": "How to verify it"},
    "verify.what": {
        "zh": "下面的命令逐字节读文件夹，核对签名，并用同样的规则和证据重新判定；不需要任何数据库或网络。DIR 里放"
        "你信任的公钥（服务器的叫 server.pub），须从别的途径取得。",
        "en": "This command reads every byte of the folder, checks every signature, and decides again by the same "
        "policy and evidence; it needs no store and no network. DIR holds the public keys that you trust (the server's "
        "is called server.pub), which come to you by another way.",
    },
    "verify.audit": {
        "zh": "审计日志是否从发布那一刻起没有被改动或截断，在数据库所在的机器上这样看：",
        "en": "Whether the audit log was changed or cut off since the release is told where the store is:",
    },
    "foot": {"zh": "生成于 {time}，{program}", "en": "Made on {time} by {program}"},
}
"""Everything that is said, by key."""
