"""Words of the page Campaigns: critical errors, and how far verdicts can be trusted."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    # critical errors
    "campaigns.critical": {"zh": "严重错误", "en": "Critical errors"},
    "campaigns.critical.sum": {
        "zh": "候选 {candidate} / {n} 对，基线 {baseline} 对；候选的真实比例在 {low} 到 {high} 之间（随时查看都成立），"
        "上限 {limit}。",
        "en": "Candidate {candidate} of {n} pairs, baseline {baseline}; the candidate's share lies between {low} and "
        "{high} (true at every look), {limit} is put up with.",
    },
    "campaigns.critical.fixed": {
        "zh": "只看这一次：至多 {high}。",
        "en": "For this one look alone: {high} at most.",
    },
    "campaigns.critical.none": {"zh": "没有人标出严重错误。", "en": "Nobody has found one."},
    "campaigns.critical.above": {"zh": "超过上限", "en": "above the limit"},
    "campaigns.critical.more": {"zh": "其余 {count} 处", "en": "{count} more"},
    "campaigns.side.candidate": {"zh": "候选", "en": "candidate"},
    "campaigns.side.baseline": {"zh": "基线", "en": "baseline"},
    "campaigns.critical.question": {"zh": "问题", "en": "question"},
    "campaigns.critical.answer": {"zh": "回答", "en": "answer"},
    "campaigns.critical.quote": {"zh": "原句", "en": "quoted"},
    "campaigns.error.wrong-fact": {"zh": "事实错误", "en": "wrong fact"},
    "campaigns.error.dangerous-advice": {"zh": "危险建议", "en": "dangerous advice"},
    "campaigns.error.missed-emergency": {"zh": "漏掉急症", "en": "missed emergency"},
    "campaigns.error.made-up-source": {"zh": "编造出处", "en": "made-up source"},
    "campaigns.error.other": {"zh": "其他", "en": "other"},
    # details
    "campaigns.graders": {"zh": "评判者", "en": "Graders"},
    "campaigns.graders.name": {"zh": "姓名", "en": "name"},
    "campaigns.graders.erased": {"zh": "用户 {number}", "en": "user {number}"},
    "campaigns.graders.verdicts": {"zh": "定稿评判", "en": "final verdicts"},
    "campaigns.graders.seconds": {"zh": "中位用时", "en": "median time"},
    "campaigns.graders.side": {"zh": "选左侧的比例", "en": "left side won"},
    "campaigns.graders.without": {"zh": "去掉此人后", "en": "without this one"},
    "campaigns.graders.flips": {"zh": "结论会变：{decision}", "en": "the decision changes: {decision}"},
    "campaigns.graders.same": {"zh": "结论不变", "en": "the same decision"},
    "campaigns.graders.alone": {"zh": "只有一人", "en": "only one grader"},
    "campaigns.details": {"zh": "这些评判有多可信", "en": "How far these verdicts can be trusted"},
    "campaigns.like_these": {"zh": "同类专家会怎么说", "en": "Experts like these"},
    "campaigns.like_these.value": {
        "zh": "胜负差 {low} 到 {high}（95 %；连评判者一起重抽）",
        "en": "win difference {low} to {high} (95 %, graders drawn anew as well as pairs)",
    },
    "campaigns.like_these.none": {"zh": "至少要两位评判者", "en": "needs two graders"},
    "campaigns.position": {"zh": "位置影响", "en": "Effect of the side"},
    "campaigns.position.value": {
        "zh": "左侧赢 {share}（z = {z}，p = {p}）：{reads}",
        "en": "the left won {share} (z = {z}, p = {p}): {reads}",
    },
    "campaigns.position.within": {"zh": "在容许范围内", "en": "within what is put up with"},
    "campaigns.position.beyond": {"zh": "超出容许范围", "en": "beyond what is put up with"},
    "campaigns.position.none": {"zh": "还没有分出胜负的题", "en": "no pair was decided yet"},
    "campaigns.skips": {"zh": "跳过的题", "en": "Skipped pairs"},
    "campaigns.skips.value": {
        "zh": "{share}；全算平局，胜负差 {ties}；全算输，{losses}：{reads}",
        "en": "{share}; all ties: win difference {ties}; all lost: {losses}: {reads}",
    },
    "campaigns.skips.holds": {"zh": "结论不取决于它们", "en": "the claim does not hang on them"},
    "campaigns.skips.hangs": {"zh": "结论取决于它们", "en": "the claim hangs on them"},
    "campaigns.offline": {
        "zh": "{of} 次评判中有 {n} 次来自离线文件，由 {by} 导入",
        "en": "{n} of {of} verdicts came from offline packs, imported by {by}",
    },
    "campaigns.length": {"zh": "回答长度", "en": "Length of the answers"},
    "campaigns.length.value": {
        "zh": "若一样长，胜负差为 {adjusted}（{low} 到 {high}）",
        "en": "at equal lengths the win difference is {adjusted} ({low} to {high})",
    },
    "campaigns.length.none": {"zh": "无法估计", "en": "cannot be told"},
    "campaigns.reversed": {"zh": "意见相反", "en": "Opposite verdicts"},
    "campaigns.reversed.value": {"zh": "两人评的题中占 {share}", "en": "{share} of the pairs judged twice"},
    "campaigns.flags": {"zh": "被标为有问题的题（{count}）", "en": "Pairs found faulty ({count})"},
    "campaigns.flags.question": {"zh": "问题", "en": "question"},
    "campaigns.flags.reason": {"zh": "原因", "en": "what is wrong"},
    "campaigns.decision.superior": {"zh": "更好", "en": "better"},
    "campaigns.decision.not_worse": {"zh": "不更差", "en": "not worse"},
    "campaigns.decision.harm": {"zh": "有害", "en": "harm"},
    "campaigns.decision.futile": {"zh": "不值得再评", "en": "futile"},
    "campaigns.decision.inconclusive": {"zh": "没有结论", "en": "inconclusive"},
    "campaigns.decision.continue": {"zh": "尚无结论", "en": "undecided"},
}
