"""Rows of data for the benchmarks: Chinese questions and answers made of clauses, with known faults in known shares."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

__all__ = ["write_rows"]

_SUBJECTS = (
    "高血压", "糖尿病", "脂肪肝", "胃炎", "癫痫", "感冒", "头痛", "失眠", "贫血", "哮喘", "肺炎", "痛风", "湿疹",
    "过敏", "骨折", "近视", "便秘", "腹泻", "心悸", "水肿",
)  # fmt: skip
_VERBS = (
    "建议", "注意", "避免", "控制", "坚持", "减少", "增加", "观察", "记录", "复查", "保持", "选择", "了解", "调整",
    "预防", "改善", "评估", "检查", "服用", "停止",
)  # fmt: skip
_OBJECTS = (
    "饮食", "睡眠", "运动", "用药", "体重", "情绪", "血压", "血糖", "盐分", "油脂", "水果", "蔬菜", "蛋白质", "作息",
    "饮水", "烟酒", "压力", "化验", "随访", "症状",
)  # fmt: skip
_WAYS = (
    "每天", "每周", "饭前", "饭后", "早晨", "晚上", "定期", "逐渐", "适当", "尽量", "按时", "在医生指导下", "必要时",
    "长期", "短期", "首先", "其次", "同时", "另外", "最后",
)  # fmt: skip
_TASKS = ("内科", "外科", "儿科", "皮肤科", "神经科", "骨科")
_FAULTS = (
    lambda answer: f"您好，{answer}希望我的回答能帮助到您，谢谢！",
    lambda answer: f"{answer}请拨打13800138000联系我。",
    lambda answer: answer[: len(answer) // 2] + "，",
    lambda _: "",
)  # fmt: skip
"""What every fiftieth row has one of."""


def write_rows(path: Path, rows: int, clauses: int, *, copies: float = 0.02, seed: int = 1) -> None:
    """Write so many Alpaca rows; answers have up to twice so many clauses, a share of them are copies with a change."""
    draw = random.Random(seed)
    earlier: list[tuple[str, str]] = []
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            question, answer = (
                _changed(draw, *draw.choice(earlier)) if earlier and draw.random() < copies else _made(draw, clauses)
            )
            if len(earlier) < 10_000:
                earlier.append((question, answer))
            if number % 50 == 0:
                answer = draw.choice(_FAULTS)(answer)
            row = {"id": number, "task": draw.choice(_TASKS), "instruction": question, "output": answer}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _made(draw: random.Random, clauses: int) -> tuple[str, str]:
    about = draw.choice(_SUBJECTS)
    question = (
        f"{about}{draw.randint(1, 400)}天，{draw.choice(_WAYS)}{draw.choice(_OBJECTS)}{draw.randint(1, 999)}，怎么办？"
    )
    return question, "，".join(_clauses(draw, about, draw.randint(clauses // 2, 2 * clauses))) + "。"


def _clauses(draw: random.Random, about: str, count: int) -> Iterator[str]:
    for _ in range(count):
        said = draw.choice(_WAYS) + draw.choice(_VERBS) + draw.choice(_OBJECTS)
        yield f"{said}{draw.randint(1, 99)}次{draw.choice(['', about])}"


def _changed(draw: random.Random, question: str, answer: str) -> tuple[str, str]:
    place = draw.randrange(max(1, len(answer)))
    return question, answer[:place] + draw.choice(["请", "再", "多", "少"]) + answer[place:]
