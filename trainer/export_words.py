"""README.md of an export: what it is, that it is not released, and how to load it."""

from collections.abc import Mapping
from typing import Any

from evals.release.card import ADAPTER_CODE, WHOLE_CODE

__all__ = ["proposed_readme", "trial_readme"]

_TRIAL = """Not released. This is checkpoint {candidate}, exported to be tried elsewhere. Nobody has approved it, and
nobody is told when it should no longer be used. Do not serve it to anyone who relies on it; what is released is found
with `assay release current`."""

_PROPOSED = """Proposed, not released. This folder was built from checkpoint {candidate} to be looked at and approved.
`assay gate check {candidate}` says what its evidence shows; until `assay release make` has released it, do not serve
it to anyone who relies on it."""

_PAGE = """---
library_name: {library}
pipeline_tag: text-generation
tags:
- assay
- not-released
---

# {candidate}, {title}

{what}

| | |
|---|---|
| checkpoint | {run}/{branch}@{step}, `{checkpoint_sha256}` |
| base | {base} |
{rows}

Each digest is the SHA-256 of the lines `NAME SHA256` of a part's files; `manifest.json` has that of every file.

```python
{code}
```

`generation_config.json` has the decoding that answers are judged with: the likeliest token each time. A server that
loads an adapter reads that file, the tokenizer and the chat template from the folder of the base unless it is told to
read them here.
"""

_PARTS = ("adapter", "weights", "tokenizer", "chat_template", "generation_config", "data")


def trial_readme(facts: Mapping[str, Any]) -> str:
    """The page of a folder that `assay export` writes; `facts` are those of its manifest."""
    return _page(facts, "not released", _TRIAL)


def proposed_readme(facts: Mapping[str, Any]) -> str:
    """The page of a folder that is proposed for release; a release writes another one."""
    return _page(facts, "proposed, not released", _PROPOSED)


def _page(facts: Mapping[str, Any], title: str, what: str) -> str:
    digests: Mapping[str, str | None] = facts["digests"]
    is_adapter = digests["adapter"] is not None
    rows = "\n".join(f"| {part.replace('_', ' ')} | `{digests[part]}` |" for part in _PARTS if digests[part])
    known = f"`{digests['base']}`" if digests["base"] else "from a hub, without a digest"
    return _PAGE.format(
        **{name: facts[name] for name in ("candidate", "run", "branch", "step", "checkpoint_sha256")},
        library="peft" if is_adapter else "transformers", title=title, what=what.format(candidate=facts["candidate"]),
        base=f"{facts['base']['path']}, {known}", rows=rows, code=ADAPTER_CODE if is_adapter else WHOLE_CODE,
    )  # fmt: skip
