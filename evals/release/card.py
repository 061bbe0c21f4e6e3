"""The model card of a release: README.md as Hugging Face reads it, of what its bundle says."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evals.gate.numbers import short

__all__ = ["ADAPTER_CODE", "WHOLE_CODE", "card"]

ADAPTER_CODE = """from peft import PeftConfig, PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

folder = "."
tokenizer = AutoTokenizer.from_pretrained(folder)
base = PeftConfig.from_pretrained(folder).base_model_name_or_path
model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base, dtype="auto"), folder)
model.generation_config = GenerationConfig.from_pretrained(folder)"""
"""How an adapter is loaded."""

WHOLE_CODE = """from transformers import AutoModelForCausalLM, AutoTokenizer

folder = "."
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto")"""
"""How a whole model is loaded."""

PARTS = ("base", "adapter", "weights", "tokenizer", "chat_template", "generation_config", "data")

DEMO = "**Demo store: one person may have played every role, and verdicts may be made up. Do not serve it to anyone.**"

OVERRIDE = "**Released though the gate did not pass: the decision was {decision}, and leads overrode it. It stays so.**"

Bundle = Mapping[str, Any]


def card(bundle: Bundle) -> str:
    """README.md of a bundle, which need not have its own card yet."""
    what = bundle["what"]
    title = f"{what['candidate']}, v{bundle['version']} of {bundle['environment']}"
    parts = [
        *(_front_matter(bundle, title), f"# {_plain(title)}", *_warnings(bundle), _opening(bundle)),
        *("## What was decided on", _checks(bundle["checks"])),
        *("## Who approved it", _signatures(bundle["approvals"])),
        *("## What it is made of", _made_of(bundle)),
        *("## How to load it", f"```python\n{_code(what)}\n```"),
        *("## How to verify it", _verifying(bundle)),
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(bundle: Bundle, title: str) -> str:
    """What Hugging Face reads: YAML, each value written as JSON, which YAML reads as well."""
    what = bundle["what"]
    tags = ["assay", f"assay-{bundle['decision']}", *["assay-override"] * bundle["override"]]
    tags += ["assay-demo"] * bundle["store"]["demo"]
    facts = {
        "library_name": "peft" if what["digests"].get("adapter") else "transformers", "pipeline_tag": "text-generation",
        "tags": tags, "model-index": [{"name": title, "results": list(_results(bundle["evidence"]))}],
    }  # fmt: skip
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in facts.items()]
    return "\n".join(["---", *lines, "---"])


def _results(evidence: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for row in evidence["scores"]:
        if isinstance(row["value"], int | float):
            yield {
                "task": {"type": "text-generation"}, "dataset": {"type": "assay-suite", "name": row["suite"]},
                "metrics": [{"type": row["metric"], "value": row["value"]}],
            }  # fmt: skip


def _warnings(bundle: Bundle) -> Iterator[str]:
    if bundle["store"]["demo"]:
        yield DEMO
    if bundle["override"]:
        yield OVERRIDE.format(decision=bundle["decision"])


def _opening(bundle: Bundle) -> str:
    released, required = bundle["released"], len(bundle["approvals"])
    instead = bundle["replaces"]
    came = f" It takes the place of v{instead['version']} ({instead['candidate']})." if instead else ""
    why = f" {_plain(released['reason'])}" if released["reason"] else ""
    signed = f"{required} lead{'s' * (required != 1)}"
    return (
        f"Released on {released['time']} by {_plain(released['name'])}, signed by {signed}; the gate says "
        f"**{bundle['decision']}**.{came}{why} Whether it is live now is told by `assay release current --env "
        f"{bundle['environment']}`."
    )


def _checks(checks: Sequence[Mapping[str, Any]]) -> str:
    rows = [f"| {_cell(one['name'])} | {one['result']} | {_cell(one['says'])} |" for one in checks]
    return "\n".join(["| check | result | evidence |", "|---|---|---|", *rows])


def _signatures(approvals: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        f"| {_cell(one['name'])} | {one['kind']} | {one['time']} | `{short(one['key_id'])}` | {_cell(one['reason'])} |"
        for one in approvals
    ]
    return "\n".join(["| who | what | when (UTC) | key | why |", "|---|---|---|---|---|", *rows])


def _made_of(bundle: Bundle) -> str:
    what = bundle["what"]
    rows = [f"| {part.replace('_', ' ')} | `{what['digests'][part]}` |" for part in PARTS if what["digests"].get(part)]
    return "\n".join([
        "| | SHA-256 |", "|---|---|", f"| this folder | `{what['sha256']}` |",
        f"| checkpoint {what['run']}/{what['branch']}@{what['step']} | `{what['checkpoint_sha256']}` |", *rows,
        f"| evidence | `{bundle['evidence_sha256']}` |", f"| policy | `{bundle['policy']['sha256']}` |",
    ])  # fmt: skip


def _code(what: Mapping[str, Any]) -> str:
    return ADAPTER_CODE if what["digests"].get("adapter") else WHOLE_CODE


def _verifying(bundle: Bundle) -> str:
    return (
        "`assay release verify . --keys DIR` reads every byte of this folder and decides everything again, without any "
        "store; DIR holds the public keys (`NAME.pub`) that you trust, which come to you by another way than this "
        f"folder. Folder, bundle and this card are signed in `bundle.intoto.json`; the audit log ended at row "
        f"{bundle['audit']['seq']} (`{bundle['audit']['hash']}`)."
    )


def _plain(text: str) -> str:
    """Somebody's words on one line, without markup."""
    escaped = "".join(f"\\{sign}" if sign in "\\`*_[]#" else sign for sign in " ".join(text.split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cell(text: str) -> str:
    return _plain(text).replace("|", "\\|")
