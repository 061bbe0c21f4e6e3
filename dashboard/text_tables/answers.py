"""What a trainer answers to requests; the English words are its own, as `trainer` writes them."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "answer.stops": {"zh": "将在第 {step} 步后保存并停止", "en": "stops after step {step} and saves"},
    "answer.paused": {"zh": "已在第 {step} 步后暂停", "en": "paused after step {step}"},
    "answer.was_not_paused": {"zh": "本来就没有暂停", "en": "it was not paused"},
    "answer.goes_on": {"zh": "已继续训练", "en": "goes on"},
    "answer.noted": {"zh": "已记下", "en": "noted"},
    "answer.saved": {"zh": "已保存为 {path}", "en": "saved as {path}"},
    "answer.weight": {
        "zh": "第 {step} 步没有写检查点：模型有权重不是数",
        "en": "no checkpoint was written at step {step}: a weight of the model is not a number",
    },
    "answer.unsaved": {
        "zh": "第 {step} 步的检查点无法写入：{reason}",
        "en": "no checkpoint could be written at step {step}: {reason}",
    },
    "answer.back": {
        "zh": "已从第 {left} 步回滚到第 {step} 步，现在是分支 {branch}",
        "en": "went back from step {left} to step {step}, on branch {branch}",
    },
    "answer.back_instead": {
        "zh": "{refused}；改为从第 {left} 步回滚到更早的第 {step} 步，现在是分支 {branch}",
        "en": "{refused}; went back from step {left} to step {step}, on branch {branch}",
    },
    "answer.no_checkpoints": {
        "zh": "没有执行：第 {step} 步没有完整的检查点，其他步也没有",
        "en": "not done: there is no sealed checkpoint at step {step}, nor any other",
    },
    "answer.no_checkpoint": {
        "zh": "没有执行：第 {step} 步没有完整的检查点，最近的在第 {nearest} 步（现有第 {steps} 步）",
        "en": (
            "not done: there is no sealed checkpoint at step {step}; "
            "the nearest is at step {nearest} (there are {steps})"
        ),
    },
    "answer.asked": {
        "zh": "没有执行：进行中的盲评正在问这个问题，结束之前谁也看不到对它的回答",
        "en": "not done: a campaign that is open asks this question, and nobody sees its answers before it closes",
    },
    "answer.no_step": {
        "zh": "没有执行：回滚要指明检查点的步数",
        "en": "not done: a rollback names the step of a checkpoint",
    },
    "answer.empty_note": {"zh": "没有执行：备注是空的", "en": "not done: the note was empty"},
    "answer.ended": {"zh": "没有执行：运行当时已经结束", "en": "not done: the run had ended"},
    "answer.refused": {"zh": "没有执行：{reason}", "en": "not done: {reason}"},
    "answer.built": {
        "zh": "已由 {candidate} 生成文件夹 {digest}",
        "en": "the folder {digest} is built of {candidate}",
    },
    "answer.not_built": {"zh": "没有生成：{reason}", "en": "not built: {reason}"},
}
