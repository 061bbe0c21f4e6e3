"""Preferences that the trainer's tests learn from."""

import json

PREFERENCES = [
    {
        "id": f"p{number}",
        "prompt": [{"role": "user", "content": f"What is {number} plus {number}?"}],
        "chosen": [{"role": "assistant", "content": f"It is {2 * number}."}],
        "rejected": [{"role": "assistant", "content": f"What is {number}? " + "It is it. " * (1 + number % 3)}],
    }
    for number in range(24)
]

SHORT = {
    "train__stage": "dpo", "train__steps": 6, "train__batch_size": 4, "lora__rank": 4, "data__validation": 0.2,
}  # fmt: skip


def written(path, rows=PREFERENCES):
    """A file of preferences."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return str(path)
