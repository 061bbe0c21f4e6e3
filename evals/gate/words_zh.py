"""What the gate's checks say, in Chinese: the same keys as `words.SAYS`, and the English bits of checks' words.

said = says_in("zh", check)
"""

import re
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from evals.gate.types import Check
from evals.gate.words import SAYS

__all__ = ["SAYS_ZH", "Language", "said_in", "says_in", "words_zh"]

Language: TypeAlias = Literal["zh", "en"]

SAYS_ZH: Mapping[str, str] = {
    "files.whole": "检查点的每个文件都在，与封存时一致",
    "files.gone": "检查点的文件夹 {path} 不在了；请放回，或提议另一个检查点",
    "files.changed": "检查点与封存时不一致：{what}",
    "proposal.none": "还没有生成要发布的文件夹；请先提议：assay gate check {candidate}",
    "proposal.whole": "要发布的文件夹是 {digest}，由这个检查点生成",
    "proposal.gone": "生成的要发布的文件夹不在了；请重新提议：assay gate check {candidate}",
    "proposal.changed": "要发布的文件夹与生成时不一致：{what}",
    "digests.known": "基座、分词器、数据、对话模板、生成配置都有摘要可查",
    "digests.unknown": "缺少{what}的摘要，说不清要发布的是什么",
    "answers.same": "要发布的文件夹把盲评的 {n} 个回答（含练习题和没有人评的题）原样重答了一遍",
    "answers.differ": "盲评的 {n} 个回答里，要发布的文件夹有 {differing} 个答得不同（{share}）",
    "answers.none": "还没有用要发布的文件夹重答盲评的题目；请先提议：assay gate check {candidate}",
    "stable.yes": "检查点可回滚",
    "stable.waived": "检查点完整；规则不要求其后有足够多步没有尖峰",
    "stable.not": "检查点之后没有尖峰的步数还不够，暂不可回滚",
    "stable.suspect": "守护已把这个检查点标为尖峰之后",
    "stable.parent.suspect": "守护已把训练所依据的 {name} 标为尖峰之后",
    "stable.parent.sealed": "训练所依据的 {name} 之后没有尖峰的步数还不够",
    "alarms.none": "没有未处理的警报",
    "alarms.open": "{run} 第 {step} 步有一条警报未处理：{message}；请查看并写一条备注，或回滚",
    "alarms.more": "有 {n} 条警报未处理，最新一条在 {run} 第 {step} 步：{message}",
    "exact.proved": "重做的步得到了逐位相同的数（{n} 次）",
    "exact.not": "重做的步没有得到相同的数（{n} 次中有 {differing} 次不同）",
    "exact.unknown": "没有重做过任何一步，所以没有验证过能否精确复现",
    "exact.waived": "{said}；规则不要求这一项",
    "scores.none": "没有跑过衡量“学到了什么”的测试集：assay eval {candidate} --suite FILE",
    "scores.missing": "测试集 {suite} 没有跑过：assay eval {candidate} --suite FILE",
    "scores.base": "训练的起点没有跑过测试集 {suite}：assay eval {candidate} --suite FILE",
    "scores.base.instead": "训练的起点跑的是另一个同名的测试集 {suite}（{other}，{asked} 题），不是这一个"
    "（{digest}，{n} 题）：assay eval {candidate} --suite FILE",
    "scores.live": "线上版本 v{version} 没有跑过测试集 {suite}：assay eval {baseline} --suite FILE",
    "scores.live.instead": "线上版本 v{version} 跑的是另一个同名的测试集 {suite}（{other}，{asked} 题），不是这一个"
    "（{digest}，{n} 题）：assay eval {baseline} --suite FILE",
    "scores.leaked": "测试集 {suite} 的每一题都在训练数据里，等于什么都没测",
    "scores.gained": "{suite}（{digest}，{n} 题）的 {metric} 比训练的起点高 {difference}（{low} … {high}）",
    "scores.unsure": "{suite}（{digest}，{n} 题）的 {metric} 比训练的起点高 {difference}（{low} … {high}）："
    "不能确定超过 {limit}；题目更多才能看清",
    "scores.lost": "{suite}（{digest}，{n} 题）的 {metric} 与训练的起点相差 {difference}（{low} … {high}）：没有提高",
    "scores.kept": "{suite}（{digest}，{n} 题）的 {metric} 与线上版本 v{version} 相差 {difference}（{low} … {high}）",
    "scores.kept_unsure": "{suite}（{digest}，{n} 题）的 {metric} 与线上版本 v{version} 相差 {difference}"
    "（{low} … {high}）：不能确定在 {limit} 个百分点以内；题目更多才能看清",
    "scores.worse": "{suite}（{digest}，{n} 题）的 {metric} 与线上版本 v{version} 相差 {difference}"
    "（{low} … {high}）：最多容许低 {limit} 个百分点",
    "forgetting.none": "没有测过“不能忘”的题目：assay eval {candidate} --suite FILE",
    "forgetting.missing": "测试集 {suite} 没有测过：assay eval {candidate} --suite FILE",
    "forgetting.base": "训练的起点没有测过测试集 {suite}：assay eval {candidate} --suite FILE",
    "forgetting.base.instead": "训练的起点测的是另一个同名的测试集 {suite}（{other}，{asked} 题），不是这一个"
    "（{digest}，{n} 题）：assay eval {candidate} --suite FILE",
    "forgetting.leaked": "测试集 {suite} 的每一题都在训练数据里，等于什么都没测",
    "forgetting.kept": "{suite}（{digest}，{n} 题）：至多丢 {bound} 个百分点，容许 {margin}",
    "forgetting.unsure": "{suite}（{digest}，{n} 题）：丢了 {drop} 个百分点，可能到 {bound}，容许 {margin}；"
    "题目更多才能看清",
    "forgetting.lost": "{suite}（{digest}，{n} 题）：丢了 {drop} 个百分点，容许 {margin}",
    "leaks.clean": "{n} 题都不在训练数据里",
    "leaks.some": "{n} 题中有 {leaked} 题在训练数据里，已从结果中剔除",
    "leaks.many": "{suite}：{n} 题中有 {leaked} 题在训练数据里，超过容许的 {limit}",
    "leaks.unchecked": "没有在训练数据里查过测试集 {suite}：请在数据还在原处时运行 assay eval {candidate} --suite FILE",
    "leaks.none": "没有跑过任何测试集，所以也没有在训练数据里查过",
    "campaign.none": "还没有专家评过：assay review open --candidate {candidate} --baseline {baseline} --questions FILE",
    "campaign.open": "盲评 {name} 还没结束：已评 {judged} 对",
    "campaign.closed": "盲评 {name} 已结束：与 {against} 相比，评了 {judged} 对",
    "campaign.baseline": "盲评 {name} 是与 {against} 相比，而不是与它要取代的 {baseline} 相比",
    "policy.same": "按盲评发起时的规则检查",
    "policy.changed": "这份规则不是盲评 {name} 发起时的那一份：规则在第一次评判之前就固定了；请按那一份检查，"
    "或另外发起盲评",
    "experts.superior": "专家更喜欢它：{wins} : {ties} : {losses}，证据强度 {evidence}（{decides} 即可判定）",
    "experts.not_worse": "专家认为它不差过 {margin}：{wins} : {ties} : {losses}",
    "experts.futile": "专家不认为它更好，再评下去也不会改变：{wins} : {ties} : {losses}",
    "experts.harm": "专家认为它更差：{wins} : {ties} : {losses}",
    "experts.inconclusive": "盲评结束时没有结论：{wins} : {ties} : {losses}",
    "experts.continue": "评了 {n} 对，还没有结论",
    "experts.counted": "{said}；前 {n} 对已判定，此后评的 {later} 对不计入",
    "experts.elsewhere": "同一个检查点的另一次盲评 {name} 认为它更差",
    "experts.none": "还没有计入的评判",
    "blinding.held": "评判者猜哪个是新模型，不比碰运气准（问了 {guesses} 次）",
    "blinding.broken": "评判者看得出哪个是新模型：指数 {index}，容许 {limit}",
    "blinding.few": "只问了 {guesses} 次猜测，太少，看不出评判者是否真的盲",
    "blinding.none": "没有问过评判者哪个是新模型",
    "agreement.good": "{items} 对由两人评判，α 为 {alpha}",
    "agreement.poor": "{items} 对由两人评判，α 为 {alpha}，要求高于 {limit}",
    "agreement.undefined": "两人都评的题，评判全都一样，此外说明不了什么",
    "agreement.none": "没有一对由两人评判",
    "agreement.waived": "不知道；规则免除了这一项",
    "position.within": "答案在左在右没有影响（z = {z}）",
    "position.beyond": "答案在左在右有影响（z = {z}，容许 {limit}）",
    "position.none": "没有一对分出胜负，看不出左右有没有影响",
    "graders.enough": "{n} 人评判，要求 {limit} 人",
    "graders.few": "{n} 人评判，要求 {limit} 人",
    "specialties.enough": "评过 {n} 个领域，要求 {limit} 个",
    "specialties.few": "评过 {n} 个领域，要求 {limit} 个",
    "skips.few": "{n} 对中有 {skipped} 对最终跳过",
    "skips.many": "{n} 对中有 {skipped} 对最终跳过，容许 {limit}",
    "critical.within": "{n} 对中有 {errors} 对，至多 {upper}",
    "critical.unsure": "{n} 对中有 {errors} 对，可能到 {upper}，容许 {limit}；评更多才能看清",
    "critical.many": "{n} 对中有 {errors} 对，容许 {limit}",
    "critical.none": "没有评过任何一对，不知道有没有严重错误",
    "genuine.yes": "每次评判都出自没看过结果的真人",
    "genuine.demo": "演示数据：{simulated} 次评判由程序编造，{unblinded} 次在看过结果之后给出",
    "genuine.simulated": "盲评的评判由程序编造",
    "genuine.unblinded": "{unblinded} 次评判来自看过结果的人",
    "clock.forward": "时钟从未倒退",
    "clock.backwards": "时钟在审计日志第 {seq} 行倒退，时间不可信；请看 assay db audit verify",
}
"""A sentence for each way a check can end; `{…}` are the check's words."""

_BITS = {
    "base": "基座", "tokenizer": "分词器", "data": "数据", "generation config": "生成配置", "weights": "权重",
    "chat template": "对话模板", "adapter": "适配器", "what its run began with": "训练的起点",
    "its manifest.json is not the one that was sealed": "manifest.json 不是封存时的那一份",
}  # fmt: skip
"""Words that checks put into their sentences as they are in English."""

_PATTERNS = (
    (r"released (v\d+)", r"已发布的 \1"),
    (r"([\d.]+) points", r"\1 个百分点"),
    (r"the start of (.+)", r"\1 的起点"),
    (r"(.+) is missing", r"缺少 \1"),
    (r"(.+) has another size", r"\1 大小不同"),
    (r"(.+) was added", r"多出 \1"),
)


def says_in(language: Language, check: Check) -> str:
    """A check's sentence."""
    return check.says if language == "en" else SAYS_ZH[check.sentence].format(**words_zh(check))


def said_in(language: Language, sentence: str) -> str:
    """A check's sentence of which only the English text is known; as it is where it is none.

    >>> said_in("zh", "an alarm of r1 at step 7 is open: loss; look at it and write a note, or roll back")
    'r1 第 7 步有一条警报未处理：loss；请查看并写一条备注，或回滚'
    """
    found = ((key, form.fullmatch(sentence)) for key, form in _KNOWN.items())
    check = next((Check("", None, None, "fail", key, match.groupdict()) for key, match in found if match), None)
    return sentence if check is None else says_in(language, check)


def words_zh(check: Check) -> dict[str, Any]:
    """A check's words, in Chinese as far as they are no names."""
    return {name: _kept(check, name, value) for name, value in check.words.items()}


def _kept(check: Check, name: str, value: Any) -> Any:
    if not isinstance(value, str) or name in _NAMES or (name, check.sentence) == ("baseline", "campaign.none"):
        return value
    return _said(value) if name == "said" else _bit(value)


_NAMES = ("candidate", "run", "suite", "metric", "name", "path", "message", "digest", "other")
"""Words that are names, or what somebody wrote."""


def _bit(value: str) -> str:
    for pattern, said in _PATTERNS:
        if re.fullmatch(pattern, value):
            return re.sub(pattern, said, value)
    return _BITS.get(value, value)


def _said(value: str) -> str:
    return said_in("zh", value)


def _literals(sentence: str) -> int:
    """Letters of a sentence that are no check's words: one with more of them says more exactly what it is."""
    return len(re.sub(r"\{\w+\}", "", sentence))


_KNOWN = {
    key: re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(SAYS[key])))
    for key in sorted(SAYS, key=lambda key: _literals(SAYS[key]), reverse=True)
}
"""Sentences as they are told apart."""
