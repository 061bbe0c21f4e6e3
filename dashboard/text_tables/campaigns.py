"""Words of the page Campaigns."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "campaigns": {"zh": "盲评活动", "en": "Campaigns"},
    # the list
    "campaigns.title": {"zh": "盲评活动", "en": "Blind reviews"},
    "campaigns.none": {
        "zh": "还没有盲评：领域专家在不知道答案来自哪个模型的情况下，逐题比较两个模型的回答。",
        "en": "No blind review yet: experts compare two models' answers without knowing whose they are.",
    },
    "campaigns.none.how": {
        "zh": "用下面的命令发起，或填写表单：",
        "en": "Open one with this command, or with the form below:",
    },
    "campaigns.none.ask": {"zh": "由工程师或负责人发起。", "en": "An engineer or a lead opens one."},
    "campaigns.all": {"zh": "全部盲评", "en": "All campaigns"},
    "campaigns.missing": {"zh": "没有第 {number} 号盲评。", "en": "There is no campaign {number}."},
    "campaigns.open": {"zh": "进行中", "en": "open"},
    "campaigns.closed": {"zh": "已结束", "en": "closed"},
    "campaigns.simulated": {"zh": "模拟：结论由程序编造", "en": "simulated: a program made the verdicts up"},
    "campaigns.unblinded": {
        "zh": "{count} 次评判来自事先看过结果的人（未盲）",
        "en": "{count} verdicts by people who had seen results (unblinded)",
    },
    "campaigns.unblinded.one": {
        "zh": "1 次评判来自事先看过结果的人（未盲）",
        "en": "1 verdict by someone who had seen results (unblinded)",
    },
    "campaigns.against": {"zh": "{candidate} 对比 {baseline}", "en": "{candidate} against {baseline}"},
    "campaigns.opened": {"zh": "{when}由 {who} 发起", "en": "opened {when} by {who}"},
    "campaigns.ended": {"zh": "{when}结束：{reason}", "en": "closed {when}: {reason}"},
    "campaigns.ended.by": {"zh": "{when}由 {who} 结束：{reason}", "en": "closed {when} by {who}: {reason}"},
    "campaigns.by_rules": {
        "zh": "按既定规则结束（已有足够依据，或题目已全部评完）",
        "en": "by its rules (enough is known, or no pair is left)",
    },
    "campaigns.expired": {"zh": "按既定规则结束（已到期）", "en": "by its rules (its time is over)"},
    "campaigns.line": {
        "zh": "{pairs} 对中已评 {judged} 对",
        "en": "{judged} of {pairs} pairs judged",
    },
    "campaigns.line.pace": {"zh": "每天 {pace} 次评判", "en": "{pace} verdicts a day"},
    "campaigns.line.forecast": {"zh": "最晚约 {date} 评完", "en": "done by {date} at the latest"},
    # progress
    "campaigns.judged": {"zh": "已评", "en": "Judged"},
    "campaigns.judged.value": {"zh": "{judged} / {pairs} 对", "en": "{judged} of {pairs} pairs"},
    "campaigns.judged.final": {
        "zh": "其中 {final} 对已定稿",
        "en": "{final} of them final",
    },
    "campaigns.pace": {"zh": "进度", "en": "Pace"},
    "campaigns.pace.value": {"zh": "每天 {pace} 次", "en": "{pace} a day"},
    "campaigns.pace.what": {"zh": "最近 7 天的评判", "en": "verdicts, over the last 7 days"},
    "campaigns.pace.none": {"zh": "最近 7 天没有评判", "en": "no verdict in the last 7 days"},
    "campaigns.forecast": {"zh": "最晚评完", "en": "Done by"},
    "campaigns.forecast.what": {
        "zh": "按目前进度；有了结论会更早结束",
        "en": "at this pace; earlier once it is decided",
    },
    "campaigns.forecast.least": {
        "zh": "按目前进度；有了结论会更早结束（好结果至少评 {least} 对）",
        "en": "at this pace; earlier once it is decided (with good news from {least} pairs on)",
    },
    "campaigns.forecast.none": {"zh": "无法预计", "en": "not foreseeable"},
    "campaigns.forecast.over": {"zh": "已结束", "en": "closed"},
    "campaigns.seconds": {"zh": "每对用时", "en": "Time a pair"},
    "campaigns.seconds.what": {"zh": "中位数", "en": "median"},
    "campaigns.people": {"zh": "评判者", "en": "Graders"},
    "campaigns.people.value": {"zh": "{graders} / {roster} 人", "en": "{graders} of {roster}"},
    "campaigns.people.what": {
        "zh": "已参与 / 可参与；{open} 对正在评",
        "en": "have judged; {open} pairs before someone",
    },
    "campaigns.aside": {"zh": "不评的题", "en": "Set aside"},
    "campaigns.aside.what": {
        "zh": "两个回答相同；另有 {skipped} 对被跳过，{flags} 对被标为有问题",
        "en": "same answer twice; {skipped} skipped, {flags} found faulty",
    },
    "campaigns.before": {"zh": "发起前发现的情况", "en": "Found before it opened"},
    "campaigns.policy": {"zh": "规则（发起时固定）", "en": "Rules, fixed when it was opened"},
    "campaigns.policy.digest": {"zh": "规则文件", "en": "File of rules"},
    "campaigns.rule.margin": {"zh": "容许的劣势", "en": "Not worse by more than"},
    "campaigns.rule.alpha": {"zh": "误判概率上限", "en": "A claim may be wrong in"},
    "campaigns.rule.futility": {"zh": "误弃概率上限", "en": "A good one may be given up in"},
    "campaigns.rule.n_max": {"zh": "最多", "en": "At most"},
    "campaigns.rule.least": {"zh": "好结果至少评", "en": "With good news at least"},
    "campaigns.rule.least.what": {
        "zh": "{count} 对，才能足够了解严重错误",
        "en": "{count} pairs, to know critical errors well enough",
    },
    "campaigns.rule.pairs": {"zh": "{count} 对", "en": "{count} pairs"},
    "campaigns.rule.overlap": {"zh": "两人评判的比例", "en": "Judged by two"},
    "campaigns.rule.critical": {"zh": "严重错误上限", "en": "Critical errors up to"},
    "campaigns.rule.blinding": {"zh": "盲法指数上限", "en": "Blinding index up to"},
    "campaigns.rule.position": {"zh": "位置影响上限", "en": "Effect of the side up to"},
    "campaigns.rule.errors": {"zh": "{value} 个标准误", "en": "{value} standard errors"},
    "campaigns.rule.criteria": {"zh": "评判标准", "en": "Criteria"},
    "campaigns.rule.none": {"zh": "无", "en": "none"},
    "campaigns.rule.final": {"zh": "评判定稿", "en": "Verdicts are final"},
    "campaigns.rule.final.what": {
        "zh": "一轮结束时，最多 {hours} 小时后",
        "en": "when a sitting closes, after {hours} h at most",
    },
    # closing
    "campaigns.close": {"zh": "结束盲评", "en": "Close campaign"},
    "campaigns.close.what": {
        "zh": "未评的题不再评，已给出的评判立即定稿，不能恢复。",
        "en": "Pairs that are left are not judged, verdicts given so far become final. This cannot be undone.",
    },
    "campaigns.close.reason": {"zh": "原因", "en": "Reason"},
    "campaigns.close.confirm": {"zh": "确认结束", "en": "Close it for good"},
    "campaigns.close.empty": {"zh": "请写明原因。", "en": "Say why it is closed."},
    # opening
    "campaigns.new": {"zh": "发起盲评", "en": "Open a campaign"},
    "campaigns.new.what": {
        "zh": "请求会等候，直到有 `assay eval` 在运行：由它用两个模型生成全部回答，再开始盲评。",
        "en": "The request waits for `assay eval`, which generates all answers with both models and then opens it.",
    },
    "campaigns.new.candidate": {"zh": "候选检查点", "en": "Candidate"},
    "campaigns.new.baseline": {"zh": "对比", "en": "Baseline"},
    "campaigns.new.released": {"zh": "已发布的 v{version}（{candidate}）", "en": "Released v{version} ({candidate})"},
    "campaigns.new.base": {"zh": "基座（运行的起点）", "en": "base (the start of its run)"},
    "campaigns.new.questions": {
        "zh": "题目文件（本机路径，JSONL）",
        "en": "File of questions (path on this machine, JSONL)",
    },
    "campaigns.new.policy": {"zh": "规则文件（空：默认规则）", "en": "File of rules (empty: the default ones)"},
    "campaigns.new.title": {"zh": "专家看到的标题（空：编号）", "en": "Title for experts (empty: a number)"},
    "campaigns.new.language": {"zh": "专家页面的语言", "en": "Language for experts"},
    "campaigns.new.send": {"zh": "提交请求", "en": "Ask for it"},
    "campaigns.new.none": {
        "zh": "还没有可评的检查点；先训练一个模型。",
        "en": "No checkpoint to judge yet; train a model first.",
    },
    "campaigns.new.same": {
        "zh": "候选与对比是同一个检查点，请另选一个。",
        "en": "Candidate and baseline are the same checkpoint; choose another.",
    },
    "campaigns.new.file": {"zh": "请写出题目文件的路径。", "en": "Name the file of questions."},
    "campaigns.new.failed": {"zh": "没有提交：{reason}", "en": "Not asked: {reason}"},
    "campaigns.new.command": {"zh": "或在终端里直接发起：", "en": "Or at a terminal:"},
    "campaigns.asked": {
        "zh": "{candidate} 对比 {baseline}：等待评测程序接收",
        "en": "{candidate} against {baseline}: waits for an evaluator",
    },
    "campaigns.asked.taken": {
        "zh": "{candidate} 对比 {baseline}：正在生成回答",
        "en": "{candidate} against {baseline}: answers are being generated",
    },
    "campaigns.asked.done": {
        "zh": "{candidate} 对比 {baseline}：{result}",
        "en": "{candidate} against {baseline}: {result}",
    },
    "campaigns.asked.run": {"zh": "接收请求的命令：", "en": "What takes the request:"},
    # results
    "campaigns.results": {"zh": "结果", "en": "Results"},
    "campaigns.results.ask": {
        "zh": "查看结果会记入审计日志；看过的人不能再在这次盲评中评判。",
        "en": "Looking is logged, and whoever looks cannot grade in this campaign.",
    },
    "campaigns.results.ask.demo": {
        "zh": "查看结果会记入审计日志；演示数据中看过的人仍可评判，但会标为“未盲”。",
        "en": "Looking is logged. In a demo store one may still grade afterwards; such verdicts are marked unblinded.",
    },
    "campaigns.results.show": {"zh": "查看结果", "en": "Show results"},
    "campaigns.results.hide": {"zh": "收起结果", "en": "Hide results"},
    "campaigns.results.of": {
        "zh": "按 {n} 对定稿的评判；记录于审计日志",
        "en": "from {n} pairs with final verdicts; this look is logged",
    },
    "campaigns.results.behind": {
        "zh": "另有 {count} 对已定稿，但按抽定的顺序排在一对尚未评完的后面，暂不计入",
        "en": "{count} more are final, but come behind one that is not, in the drawn order: they are not weighed",
    },
    "campaigns.says.superior": {
        "zh": "候选优于基线：{n} 对评判足以证明。",
        "en": "The candidate is better than the baseline; {n} pairs show it.",
    },
    "campaigns.says.superior.early": {
        "zh": "目前是好结果：候选优于基线，{n} 对评判足以证明。{least}",
        "en": "Good so far: the candidate is better than the baseline; {n} pairs show it. {least}",
    },
    "campaigns.says.not_worse.early": {
        "zh": "目前是好结果：候选不比基线差过 {margin}；是否更好，未能证明（{n} 对）。{least}",
        "en": "Good so far: the candidate is not worse by more than {margin}; that it is better is not shown "
        "({n} pairs). {least}",
    },
    "campaigns.says.least": {
        "zh": "至少评 {least} 对，才能足够了解严重错误。",
        "en": "At least {least} pairs are judged, so that critical errors are known well enough.",
    },
    "campaigns.says.least.short": {
        "zh": "要足够了解严重错误，需要评 {least} 对，但能评的只有 {there} 对。",
        "en": "To know critical errors well enough takes {least} pairs, but only {there} can be judged.",
    },
    "campaigns.says.not_worse": {
        "zh": "候选不比基线差过 {margin}；是否更好，未能证明（{n} 对）。",
        "en": "The candidate is not worse by more than {margin}; that it is better is not shown ({n} pairs).",
    },
    "campaigns.says.harm.critical": {
        "zh": "有害：候选的严重错误已证明超过 {limit}（{errors} / {n} 对）。",
        "en": "Harm: the candidate's critical errors are shown to be above {limit} ({errors} of {n} pairs).",
    },
    "campaigns.says.harm.criterion": {
        "zh": "有害：在“{criterion}”上，候选比基线差过 {margin}（{n} 对）。",
        "en": "Harm: by “{criterion}” the candidate is worse than the baseline by more than {margin} ({n} pairs).",
    },
    "campaigns.says.harm.overall": {
        "zh": "有害：候选比基线差过 {margin}（{n} 对）。",
        "en": "Harm: the candidate is worse than the baseline by more than {margin} ({n} pairs).",
    },
    "campaigns.says.futile": {
        "zh": "不必再评：候选即使更好，也好得太少，不值得专家再花时间（{n} 对）。",
        "en": "Not worth more pairs: whatever the candidate gains is too little to look for ({n} pairs).",
    },
    "campaigns.says.inconclusive": {
        "zh": "没有结论：{n} 对看不出差别——这不等于没有差别。",
        "en": "Inconclusive: {n} pairs do not tell; that is not the same as no difference.",
    },
    "campaigns.says.stopped": {
        "zh": "没有结论：评了 {n} 对就结束了，看不出差别——这不等于没有差别。",
        "en": "Inconclusive: it was closed after {n} pairs, which do not tell; that is not the same as no difference.",
    },
    "campaigns.says.continue": {
        "zh": "还没有结论：目前 {n} 对，还需要继续评。",
        "en": "Nothing is decided yet: {n} pairs so far, more are needed.",
    },
    "campaigns.says.criterion": {
        "zh": "没有结论：标准“{criterion}”评过的太少（{judged} / {n} 对），所以总评够了也不能定。",
        "en": "Undecided: criterion “{criterion}”: too few pairs judged ({judged} of {n}); the verdicts would do.",
    },
    "campaigns.says.nothing": {
        "zh": "还没有定稿的评判。评判在一轮结束时定稿。",
        "en": "No verdict is final yet; they are when a sitting closes.",
    },
    "campaigns.difference": {"zh": "胜负差", "en": "Win difference"},
    "campaigns.points": {"zh": "{value} 个百分点", "en": "{value} points"},
    "campaigns.bounds": {
        "zh": "至少 {low}，至多 {high}（各 {sure} 把握）",
        "en": "at least {low}, at most {high} (each {sure} sure)",
    },
    "campaigns.strength": {"zh": "证据强度：更好", "en": "Strength of evidence: better"},
    "campaigns.strength.not_worse": {"zh": "证据强度：不差过 {margin}", "en": "Strength: not worse by {margin}"},
    "campaigns.strength.at": {
        "zh": "达到 {decides} 即可判定；至今最高 {most}",
        "en": "{decides} decides; highest so far {most}",
    },
    "campaigns.blinding": {"zh": "盲法", "en": "Blinding"},
    "campaigns.asked_now": {
        "zh": "进行中的盲评正在问这题；评审结束后再显示",
        "en": "asked in an open blind review; shown after it closes",
    },
    "campaigns.blinding.few": {"zh": "猜测太少", "en": "too few guesses"},
    "campaigns.blinding.held": {"zh": "保持", "en": "held"},
    "campaigns.blinding.broken": {"zh": "已破", "en": "broken"},
    "campaigns.blinding.broken.what": {
        "zh": "盲法已破：评判者猜中候选的次数多于碰运气，指数超过上限 {limit}。",
        "en": "Blinding is broken: graders name the candidate more often than chance does, and the index is above "
        "{limit}.",
    },
    "campaigns.blinding.missing": {"zh": "未问", "en": "not asked"},
    "campaigns.blinding.what": {
        "zh": "指数 {index}（{low} 到 {high}，{count} 次猜测）",
        "en": "index {index} ({low} to {high}, {count} guesses)",
    },
    "campaigns.blinding.missing.what": {"zh": "还没有人被问到", "en": "nobody has guessed yet"},
    "campaigns.agreement": {"zh": "一致性", "en": "Agreement"},
    "campaigns.agreement.what": {
        "zh": "Krippendorff α（{low} 到 {high}）；{items} 对由两人评，{same} 相同",
        "en": "Krippendorff's alpha ({low} to {high}); {items} pairs judged twice, {same} alike",
    },
    "campaigns.agreement.missing": {"zh": "缺", "en": "missing"},
    "campaigns.agreement.missing.what": {"zh": "没有安排两人评同一对", "en": "no pair was planned for two graders"},
    "campaigns.agreement.none": {
        "zh": "还没有一对由两人评完",
        "en": "no pair has two final verdicts yet",
    },
    "campaigns.agreement.undefined": {
        "zh": "α 无定义：{items} 对的评判全都一样",
        "en": "alpha does not exist where all say the same ({items} pairs)",
    },
    "campaigns.needed": {"zh": "还需要", "en": "Pairs still needed"},
    "campaigns.needed.value": {"zh": "约 {pairs} 对", "en": "about {pairs}"},
    "campaigns.needed.what": {
        "zh": "{low} 到 {high} 对（十之八九）；按目前的胜率推算",
        "en": "{low} to {high} in 8 of 10 cases, at the present rates",
    },
    "campaigns.needed.left": {"zh": "{pairs} 对", "en": "{pairs}"},
    "campaigns.needed.good": {"zh": "目前是好结果。{least}", "en": "Good so far. {least}"},
    "campaigns.needed.open": {
        "zh": "至少 {low} 对；也可能评完都没有结论",
        "en": "{low} at least; it may also end undecided",
    },
    "campaigns.needed.over": {"zh": "不需要", "en": "none"},
    "campaigns.needed.over.what": {"zh": "已有结论，或已结束", "en": "it is over"},
    "campaigns.needed.early": {"zh": "尚早", "en": "too early"},
    "campaigns.needed.early.what": {"zh": "评完 {least} 对之后才能估计", "en": "foretold from {least} pairs on"},
    "campaigns.needed.unforeseeable": {"zh": "无法预计", "en": "not foreseeable"},
    "campaigns.needed.unforeseeable.what": {
        "zh": "照此下去，余下的 {most} 对多半也不够",
        "en": "at these rates the {most} pairs left are probably not enough",
    },
    "campaigns.bar": {"zh": "候选的胜、平、负（按题）", "en": "The candidate's pairs won, tied and lost"},
    "campaigns.bar.win": {"zh": "胜 {count}", "en": "{count} won"},
    "campaigns.bar.tie": {"zh": "平 {count}", "en": "{count} tied"},
    "campaigns.bar.loss": {"zh": "负 {count}", "en": "{count} lost"},
    "campaigns.bar.both_bad": {
        "zh": "平局中有 {count} 对两个回答都不合格。",
        "en": "In {count} of the ties both answers were unacceptable.",
    },
    "campaigns.bar.both_bad.one": {
        "zh": "平局中有 1 对两个回答都不合格。",
        "en": "In 1 of the ties both answers were unacceptable.",
    },
    "campaigns.bar.identical": {
        "zh": "另有 {count} 对两个回答完全相同，没有送评，也不计入检验；若算作平局，胜负差为 {difference}。",
        "en": "Another {count} pairs have the same answer twice: not judged and not in the test. Counted as ties, the "
        "win difference is {difference}.",
    },
    "campaigns.bar.identical.one": {
        "zh": "另有 1 对两个回答完全相同，没有送评，也不计入检验；若算作平局，胜负差为 {difference}。",
        "en": "Another pair has the same answer twice: not judged and not in the test. Counted as a tie, the win "
        "difference is {difference}.",
    },
    "campaigns.chart": {
        "zh": "证据强度随评判增长（对数刻度；1 = 什么也没说明，{decides} 即可判定）",
        "en": "Strength of evidence as it grew (log scale; 1 says nothing, {decides} decides)",
    },
    "campaigns.chart.pairs": {"zh": "对", "en": "pairs"},
    "campaigns.chart.superior": {"zh": "更好", "en": "better"},
    "campaigns.chart.not_worse": {"zh": "不更差", "en": "not worse"},
    "campaigns.chart.futile": {"zh": "不值得（{value}）", "en": "futile at {value}"},
    "campaigns.chart.decides": {"zh": "{value} 判定", "en": "{value} decides"},
    "campaigns.chart.ended": {"zh": "有了结论", "en": "decided"},
    "campaigns.parts": {"zh": "按标准与领域", "en": "By criterion and field"},
    "campaigns.parts.n": {"zh": "对", "en": "pairs"},
    "campaigns.parts.wtl": {"zh": "胜 / 平 / 负", "en": "won / tied / lost"},
    "campaigns.parts.difference": {"zh": "胜负差", "en": "win difference"},
    "campaigns.parts.range": {"zh": "至少 … 至多", "en": "at least … at most"},
    "campaigns.parts.strength": {"zh": "不更差的证据", "en": "evidence: not worse"},
    "campaigns.parts.criterion": {"zh": "标准", "en": "criterion"},
    "campaigns.parts.specialty": {"zh": "领域", "en": "field"},
    "campaigns.parts.everyone": {"zh": "不限", "en": "everyone's"},
    "campaigns.criterion.accurate": {"zh": "准确", "en": "accurate"},
    "campaigns.criterion.professional": {"zh": "专业", "en": "professional"},
    "campaigns.criterion.useful": {"zh": "有用", "en": "useful"},
    # Home
    "waiting.pairs": {"zh": "有 {count} 题等你盲评", "en": "{count} pairs wait for your blind verdict"},
    "waiting.campaign": {
        "zh": "盲评 {when}结束，结果你还没有看过",
        "en": "campaign ended {when}; you have not looked at its results",
    },
}
