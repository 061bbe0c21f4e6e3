"""Words of the page Review, which experts see and nobody else needs."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "review": {"zh": "盲评", "en": "Review"},
    # which campaign, and how many pairs
    "review.none": {
        "zh": "现在没有需要你评的题目。有新的评审时，邀请你的人会告诉你。",
        "en": "There is nothing for you to judge now. Whoever invites you says when there is.",
    },
    "review.none.open": {"zh": "要发起一次评审，命令是：", "en": "To open a review yourself:"},
    # in a demo
    "review.demo.offer": {
        "zh": "演示：您已评过几题，其余的可以交给虚拟评审组按参考答案评完。该评审会永久标记为模拟。",
        "en": "Demo: you have judged some. A made-up panel can judge the rest by the references; "
        "the review is marked as simulated for ever.",
    },
    "review.demo.finish": {"zh": "让演示评审组评完", "en": "Let the demo panel finish"},
    "review.demo.judging": {"zh": "评审组正在评…", "en": "The panel is judging…"},
    "review.demo.results": {"zh": "查看这次评审的结果", "en": "See what came of this review"},
    "review.choose": {"zh": "选择一次评审", "en": "Choose a review"},
    "review.choose.says": {"zh": "有几次评审在等你，一次评一个。", "en": "Several wait for you; one at a time."},
    "review.how_many": {"zh": "今晚评多少题？", "en": "How many pairs tonight?"},
    "review.plan": {"zh": "{count} 题，约 {time}", "en": "{count} pairs, about {time}"},
    "review.rule.blind": {
        "zh": "回答来自哪里，评之前和评之后都不会说。",
        "en": "Where the answers come from is said neither before nor after.",
    },
    "review.rule.practice": {
        "zh": "开头的练习题不计入结果。",
        "en": "Practice pairs come first and do not count.",
    },
    "review.rule.saved": {
        "zh": "写到一半也会自动保存；结束本次之前，自己的判断都可以改。",
        "en": "All is saved as you write it; verdicts can be changed until you close the sitting.",
    },
    "review.rule.keys": {"zh": "每一步都可以只用键盘；按 ? 查看按键。", "en": "Everything has a key; ? shows them."},
    # a pair
    "review.progress": {
        "zh": "今晚 {planned} 题，已评 {done} 题 · 约剩 {time}",
        "en": "{done} of {planned} tonight · about {time} left",
    },
    "review.practice": {
        "zh": "练习题，不计入结果 · 还有 {count} 题练习",
        "en": "Practice: does not count · {count} practice pairs to go",
    },
    "review.practice.one": {
        "zh": "练习题，不计入结果 · 这是最后一题练习",
        "en": "Practice: does not count · the last one",
    },
    "review.changing": {"zh": "你之前的判断，现在可以修改", "en": "Your earlier verdict, open to be changed"},
    "review.criterion.accurate": {"zh": "准确", "en": "Accurate"},
    "review.criterion.professional": {"zh": "专业", "en": "Professional"},
    "review.criterion.useful": {"zh": "有用", "en": "Useful"},
    "review.reason.more-accurate": {"zh": "更准确", "en": "more accurate"},
    "review.reason.safer": {"zh": "更安全", "en": "safer"},
    "review.reason.clearer": {"zh": "更清楚", "en": "clearer"},
    "review.reason.more-complete": {"zh": "更完整", "en": "more complete"},
    "review.reason.shorter": {"zh": "更简洁", "en": "shorter"},
    "review.reason.follows-the-question": {"zh": "更切题", "en": "follows the question"},
    "review.reason.better-language": {"zh": "语言更好", "en": "better language"},
    "review.error.wrong-fact": {"zh": "事实错误", "en": "wrong fact"},
    "review.error.dangerous-advice": {"zh": "危险的建议", "en": "dangerous advice"},
    "review.error.missed-emergency": {"zh": "漏掉紧急情况", "en": "missed emergency"},
    "review.error.made-up-source": {"zh": "编造的来源", "en": "made-up source"},
    "review.error.other": {"zh": "其他", "en": "other"},
    "review.skip.not-my-field": {"zh": "不是我的专业", "en": "Not my field"},
    "review.skip.cannot-decide": {"zh": "无法判断", "en": "I cannot decide"},
    "review.skip.question-unclear": {"zh": "问题不清楚", "en": "The question is unclear"},
    "review.skip.no-time": {"zh": "太长，现在没有时间", "en": "Too long for now"},
    "review.flag.question-faulty": {"zh": "问题本身有错", "en": "The question is faulty"},
    "review.flag.names-its-model": {"zh": "回答透露了是哪个模型", "en": "An answer gives its model away"},
    "review.flag.text-broken": {"zh": "文字显示不正常", "en": "The text is broken"},
    "review.flag.should-not-be-shown": {
        "zh": "内容不该出现（如个人信息）",
        "en": "It should not be shown, such as personal data",
    },
    # what the script says
    "review.desk.desk": {"zh": "一题：一个问题和两个回答", "en": "A pair: a question and two answers"},
    "review.desk.question": {"zh": "问题", "en": "Question"},
    "review.desk.answer": {"zh": "回答 {side}", "en": "Answer {side}"},
    "review.desk.answers": {"zh": "两个回答", "en": "The two answers"},
    "review.desk.cut": {"zh": "（以下内容太长，没有显示。）", "en": "(The rest is too long and is not shown.)"},
    "review.desk.a_better": {"zh": "A 更好", "en": "A is better"},
    "review.desk.b_better": {"zh": "B 更好", "en": "B is better"},
    "review.desk.tie": {"zh": "相当", "en": "Tie"},
    "review.desk.both_bad": {"zh": "都不可接受", "en": "Both unacceptable"},
    "review.desk.a_better_short": {"zh": "A 更好", "en": "A"},
    "review.desk.same": {"zh": "相当", "en": "same"},
    "review.desk.b_better_short": {"zh": "B 更好", "en": "B"},
    "review.desk.verdict": {"zh": "哪个回答更好？", "en": "Which answer is better?"},
    "review.desk.send": {"zh": "提交", "en": "Send"},
    "review.desk.change": {"zh": "提交修改", "en": "Send change"},
    "review.desk.reasons": {"zh": "理由", "en": "Reasons"},
    "review.desk.comment": {"zh": "一句话说明（可不填）", "en": "One line of your own, if you like"},
    "review.desk.saving": {"zh": "正在保存…", "en": "Saving…"},
    "review.desk.saved": {"zh": "已保存", "en": "Saved"},
    "review.desk.saving_late": {
        "zh": "还没有保存，正在重试；写的内容不会丢失",
        "en": "Not saved yet, trying again; nothing is lost",
    },
    "review.desk.sending": {"zh": "正在提交…", "en": "Sending…"},
    "review.desk.sending_late": {
        "zh": "还没有提交，正在重试；内容不会丢失",
        "en": "Not sent yet, trying again; nothing is lost",
    },
    "review.desk.choose_first": {
        "zh": "请先选：1 A 更好，2 B 更好，3 相当，4 都不可接受",
        "en": "Choose first: 1 A, 2 B, 3 tie, 4 both unacceptable",
    },
    "review.desk.criterion_first": {
        "zh": "“{criterion}”还没有选：按 {key}，选 A、相当或 B",
        "en": "{criterion} is not answered: {key} goes through A, same and B",
    },
    "review.desk.open_first": {"zh": "请先看回答 {side}", "en": "Open answer {side} first"},
    "review.desk.critical": {"zh": "严重错误", "en": "Critical error"},
    "review.desk.critical_side": {"zh": "在哪个回答里", "en": "In which answer"},
    "review.desk.critical_type": {"zh": "哪一类错误", "en": "Which kind of error"},
    "review.desk.critical_quote": {
        "zh": "出错的那句话：在回答里选中后按 X，或抄在这里",
        "en": "The sentence: mark it in the answer and press X, or copy it here",
    },
    "review.desk.critical_add": {"zh": "添加", "en": "Add"},
    "review.desk.critical_remove": {"zh": "删除这个错误", "en": "Remove this error"},
    "review.desk.cancel": {"zh": "取消", "en": "Cancel"},
    "review.desk.more": {"zh": "其他操作", "en": "More"},
    "review.desk.skip": {"zh": "跳过", "en": "Skip"},
    "review.desk.skip_why": {"zh": "为什么跳过？这题会交给别人", "en": "Why skip it? It goes to someone else"},
    "review.desk.flag": {"zh": "举报这题", "en": "Flag"},
    "review.desk.flag_why": {
        "zh": "这题有什么问题？你仍然可以评",
        "en": "What is wrong with it? You can still judge it",
    },
    "review.desk.flagged": {"zh": "已记下，谢谢。这题仍然可以评。", "en": "Noted, thank you. You can still judge it."},
    "review.desk.other_reason": {"zh": "或者写下其他原因", "en": "Or write another reason"},
    "review.desk.plain": {"zh": "纯文本", "en": "Plain text"},
    "review.desk.undo": {"zh": "上一题", "en": "Previous"},
    "review.desk.back": {"zh": "← 回到当前", "en": "← Back"},
    "review.desk.keys": {"zh": "按键", "en": "Keys"},
    "review.desk.finish": {"zh": "今晚到此为止", "en": "Stop for tonight"},
    "review.desk.guess": {
        "zh": "你觉得哪个回答来自新模型？",
        "en": "Which answer do you think was the newer model's?",
    },
    "review.desk.guess_unknown": {"zh": "看不出来", "en": "I cannot tell"},
    "review.desk.help_title": {"zh": "按键", "en": "Keys"},
    "review.desk.close_help": {"zh": "关闭", "en": "Close"},
    "review.desk.key_verdict": {
        "zh": "选 A 更好、B 更好、相当、都不可接受；再按一次提交",
        "en": "A, B, tie, both unacceptable; once more sends",
    },
    "review.desk.key_send": {"zh": "提交，下一题", "en": "Send, then the next pair"},
    "review.desk.key_criteria": {"zh": "各项标准：A、相当、B，轮流", "en": "Criteria: A, same, B in turn"},
    "review.desk.key_reasons": {"zh": "理由", "en": "Reasons"},
    "review.desk.key_comment": {"zh": "写一句话；Enter 或 Esc 离开", "en": "The line; Enter or Esc leaves it"},
    "review.desk.key_inside": {"zh": "写字时选择判断", "en": "Verdict while writing in the line"},
    "review.desk.key_critical": {"zh": "把选中的句子记为严重错误", "en": "What is marked is a critical error"},
    "review.desk.key_undo": {"zh": "打开自己上一题的判断", "en": "Open your previous verdict"},
    "review.desk.key_sides": {
        "zh": "到回答 A、回答 B，用方向键滚动",
        "en": "To answer A or B, to scroll with the arrows",
    },
    "review.desk.key_escape": {"zh": "取消，回到当前", "en": "Cancel, go back"},
    "review.desk.begin": {"zh": "开始", "en": "Begin"},
    "review.desk.open": {"zh": "打开", "en": "Open"},
    "review.desk.close": {"zh": "结束本次：判断不能再改", "en": "Close the sitting: verdicts become final"},
    # one's own verdicts, and the end
    "review.summary": {"zh": "你今晚的判断", "en": "Your verdicts tonight"},
    "review.summary.hint": {
        "zh": "点“打开”可以修改。结束本次后，这些判断才计入结果。",
        "en": "Open one to change it. They count once the sitting is closed.",
    },
    "review.wait.sitting": {"zh": "计划的题目都评完了。", "en": "All pairs of this sitting are done."},
    "review.wait.done": {"zh": "能评的题目都评完了，谢谢。", "en": "You have judged all there is. Thank you."},
    "review.wait.later": {
        "zh": "剩下的题目正在别人手里，过一会儿可能会有。",
        "en": "Others have what is left; some may come back in a while.",
    },
    "review.wait.early": {"zh": "还可以接着评，也可以现在结束。", "en": "You can go on, or close the sitting now."},
    "review.more": {"zh": "接着评", "en": "Go on judging"},
    "review.look_again": {"zh": "再看一次", "en": "Look again"},
    "review.totals": {"zh": "本次已结束，谢谢", "en": "The sitting is closed. Thank you"},
    "review.totals.judged": {"zh": "今晚评了（题）", "en": "Pairs judged tonight"},
    "review.totals.time": {"zh": "用时", "en": "Time"},
    "review.totals.all": {"zh": "这次评审里总共（题）", "en": "In this review in all"},
    "review.totals.pace": {"zh": "每题一般用时", "en": "A pair usually takes you"},
    "review.totals.more": {
        "zh": "还有题目可评。现在关闭页面也可以，以后再来。",
        "en": "There are more pairs. You can close the page now and come back later.",
    },
    "review.totals.nothing": {
        "zh": "你能评的都评完了，可以关闭页面。",
        "en": "You have judged all there is; you can close the page.",
    },
    "review.totals.again": {"zh": "再来一组", "en": "Another sitting"},
    "review.over": {"zh": "这次评审已经结束", "en": "This review is over"},
    "review.over.says": {
        "zh": "不再需要判断；你之前给的都已保存。谢谢。",
        "en": "It needs no more verdicts; those you gave are kept. Thank you.",
    },
    # a pack: the page as a file
    "review.pack.rule.kept": {
        "zh": "这个文件不联网：你写的只保存在这台机器的这个浏览器里，随写随存。",
        "en": "This file uses no network: what you write stays in this browser on this machine, saved as you write it.",
    },
    "review.pack.rule.file": {
        "zh": "评完后点“保存评判文件”，把存下的文件交还给发给你这个页面的人；只有交回的文件才算数。",
        "en": "At the end press Save the verdict file and hand it to whoever gave you this page: only it counts.",
    },
    "review.pack.rule.until": {
        "zh": "这些题目为你保留到 {time}（UTC）；之后没有别人评过的仍然算数。",
        "en": "The pairs are kept for you until {time} UTC; later they still count where nobody else has judged them.",
    },
    "review.pack.rule.keeps_nothing": {
        "zh": "注意：这个浏览器不保存任何内容。存下评判文件之前，请不要关闭页面。",
        "en": "Beware: this browser keeps nothing. Do not close the page before you have saved the verdict file.",
    },
    "review.pack.progress": {
        "zh": "共 {planned} 题，已评 {done} 题 · 约剩 {time}",
        "en": "{done} of {planned} judged · about {time} left",
    },
    "review.pack.summary": {"zh": "你的判断", "en": "Your verdicts"},
    "review.pack.how_many": {"zh": "这里有多少题", "en": "What is in here"},
    "review.pack.close": {"zh": "保存评判文件", "en": "Save the verdict file"},
    "review.pack.finish": {"zh": "去保存", "en": "Go and save"},
    "review.pack.hint": {
        "zh": "点“打开”可以修改。文件可以再次保存，但只导入一次：请交最后一份。",
        "en": "Open one to change it. You can save again, but one file is taken and only once: hand over the last one.",
    },
    "review.pack.early": {
        "zh": "还有没评的题目：可以接着评，也可以先保存文件，写了一半的会一起存下。",
        "en": "Some are not judged yet: go on, or save the file now; what is half written goes along.",
    },
    "review.pack.all": {"zh": "都评完了，请保存评判文件。", "en": "All are judged. Save the verdict file now."},
    "review.pack.saved": {"zh": "评判文件已交给浏览器保存", "en": "The verdict file is saved"},
    "review.pack.saved.says": {
        "zh": "{file} 在浏览器的下载文件夹里。把它交还给发给你这个页面的人。",
        "en": "{file} lies where your browser keeps downloads. Hand it to whoever gave you this page.",
    },
    "review.pack.judged": {"zh": "评了（题）", "en": "Pairs judged"},
    "review.pack.again": {"zh": "回到自己的判断", "en": "Back to your verdicts"},
    "review.pack.no_script": {
        "zh": "这个页面需要浏览器允许运行它自己的脚本；它不会联网。",
        "en": "This page needs its own script and uses no network. Allow scripts for this file and open it again.",
    },
    # what cannot be done
    "review.refused.access": {
        "zh": "你现在不能评审：邀请已经失效，或者没有权限。请联系邀请你的人。",
        "en": "You cannot judge here now: the invitation has ended or the role is missing. Ask whoever invited you.",
    },
    "review.refused.unknown": {
        "zh": "这里不认识这一题；请重新打开页面。",
        "en": "This pair is not known here; load the page again to get yours.",
    },
    "review.refused.closed": {
        "zh": "这次评审已经结束，不再接受判断；你之前给的都已保存。",
        "en": "This review is closed and takes no more verdicts; what you gave before is kept.",
    },
    "review.refused.no_campaign": {
        "zh": "没有这次评审；请重新打开页面。",
        "en": "There is no such review; load the page again.",
    },
    "review.refused.nobody": {"zh": "判断要有署名的人；请先登录。", "en": "A verdict needs a person; log in to judge."},
    "review.refused.peeked": {
        "zh": "你看过这次评审的结果，所以不能再评。",
        "en": "You have seen results of this review, so you cannot judge in it any more.",
    },
    "review.refused.no_sitting": {
        "zh": "本次已经结束；要评题请重新开始。",
        "en": "No sitting is open; begin one to get pairs.",
    },
    "review.refused.sitting_over": {
        "zh": "这题所在的那次已经结束；重新开始后，这题和你写的内容会回来。",
        "en": "The sitting of this pair is over; begin another, and the pair comes back with what you wrote.",
    },
    "review.refused.taken": {
        "zh": "这题放得太久，已经交给别人；请接着评下一题。",
        "en": "The time of this pair ran out and it went to someone else; go on with the next pair.",
    },
    "review.refused.elsewhere": {
        "zh": "这题已经在另一个窗口评过；要修改请重新打开它。",
        "en": "Already judged in another window; open it again to change it.",
    },
    "review.refused.final": {
        "zh": "这个判断已经不能修改，因为那次已经结束。",
        "en": "This verdict is final, because its sitting is over.",
    },
    "review.refused.judged": {
        "zh": "这题已经评过；可以打开修改。",
        "en": "This pair is judged; change the verdict instead.",
    },
    "review.refused.not_judged": {
        "zh": "这题还没有判断；请先评。",
        "en": "This pair has no verdict yet; give one first.",
    },
    "review.refused.skipped": {
        "zh": "这题已经跳过；请接着评下一题。",
        "en": "This pair was skipped; go on with the next one.",
    },
    "review.refused.bad_answer": {"zh": "请从四个判断里选一个。", "en": "Pick one of the four verdicts."},
    "review.refused.bad_criterion": {
        "zh": "有一项标准不属于这次评审；请重新打开页面。",
        "en": "A criterion was answered that this review does not ask for; load the page again.",
    },
    "review.refused.bad_reason": {
        "zh": "原因没有写，或者太长；请选一个或写短一些。",
        "en": "The reason is missing or too long; pick one or shorten it.",
    },
    "review.refused.blank_criterion": {
        "zh": "还有标准没有选；每一项都请选出哪个回答更好，或者“相当”。",
        "en": "A criterion is not answered; say which answer is better by each, or that they are the same.",
    },
    "review.refused.bad_comment": {
        "zh": "那句话太长；请缩短到 500 字以内。",
        "en": "The line is too long; shorten it to 500 characters.",
    },
    "review.refused.bad_error": {
        "zh": "严重错误要选明是哪个回答、哪一类。",
        "en": "A critical error needs an answer and a kind; pick both.",
    },
    "review.refused.bad_quote": {
        "zh": "严重错误里引用的句子不在那个回答里；请从回答里复制。",
        "en": "The sentence of a critical error does not stand in that answer; copy it from there.",
    },
    "review.refused.bad_draft": {
        "zh": "填写的内容太长，无法保存；请缩短。",
        "en": "What was filled in is too long to be kept; shorten it.",
    },
    "review.refused.bad_guess": {"zh": "请选 A、B 或看不出来。", "en": "Pick A, B or I cannot tell."},
    "review.refused.bad_plan": {"zh": "一次可以评 1 到 200 题。", "en": "A sitting has 1 to 200 pairs."},
}
