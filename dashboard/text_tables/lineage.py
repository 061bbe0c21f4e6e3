"""Words of the lineage strip."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "stage.pretrain": {"zh": "预训练", "en": "pretrain"},
    "stage.cpt": {"zh": "继续预训练", "en": "cpt"},
    "stage.sft": {"zh": "指令微调", "en": "sft"},
    "stage.dpo": {"zh": "DPO 偏好对齐", "en": "dpo"},
    "lineage.run": {"zh": "运行", "en": "run"},
    "lineage.base": {"zh": "基座模型", "en": "base"},
    "lineage.gone": {"zh": "已不在库中", "en": "no longer here"},
    "lineage.gone.help": {
        "zh": "这个运行从那里开始，但上一个运行已从数据文件中删除。",
        "en": "This run began there; the run it belonged to has been removed from the store.",
    },
    "lineage.alarm": {"zh": "{count} 次警报", "en": "{count} alarms"},
    "lineage.alarm.one": {"zh": "警报", "en": "alarm"},
    "lineage.actor": {"zh": "由 {actor} 发起", "en": "by {actor}"},
    "lineage.earlier": {"zh": "更早的 {count} 项", "en": "{count} earlier"},
    "lineage.best": {"zh": "最佳检查点", "en": "best checkpoint"},
    "lineage.newest": {"zh": "最新检查点", "en": "newest checkpoint"},
    "lineage.from": {"zh": "{stage}（自第 {step} 步）", "en": "{stage} from {step}"},
    "lineage.more": {"zh": "另有 {count} 个", "en": "{count} more"},
    # what became of checkpoints
    "lineage.checkpoint": {"zh": "检查点", "en": "checkpoint"},
    "lineage.scores": {"zh": "评分", "en": "scores"},
    "lineage.kept": {"zh": "遗忘", "en": "forgetting"},
    "lineage.suites": {"zh": "{count} 个测试集", "en": "{count} suites"},
    "lineage.suites.one": {"zh": "1 个测试集", "en": "1 suite"},
    "lineage.campaign": {"zh": "盲评", "en": "campaign"},
    "lineage.campaign.open": {"zh": "{number} 号，进行中", "en": "{number}, open"},
    "lineage.campaign.closed": {"zh": "{number} 号，已结束", "en": "{number}, closed"},
    "lineage.signed": {"zh": "审批", "en": "approvals"},
    "lineage.proposed": {"zh": "已提出，无人签署", "en": "proposed, none yet"},
    "lineage.by": {"zh": "{count} 人批准", "en": "{count} approved"},
    "lineage.refused": {"zh": "{count} 人拒绝", "en": "{count} refused"},
    "lineage.overridden": {"zh": "{count} 人强制放行", "en": "{count} overrode the gate"},
    "lineage.live": {"zh": "线上", "en": "live"},
    "lineage.released": {"zh": "曾在线上", "en": "was live"},
}
