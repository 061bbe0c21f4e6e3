"""A pack as one file of HTML: the Review page's own script and style, its pairs, and a policy that lets nothing out.

The page fetches nothing and sends nothing: its Content-Security-Policy allows the one script and the one style that
stand in it, by their digests, and nothing else.
"""

import base64
import hashlib
import json
from html import escape
from pathlib import Path
from typing import Any, cast

from dashboard.colors import FONT, theme_css
from dashboard.hostile import render
from dashboard.language import current, speaking, t, words
from dashboard.script_bundle import bundled
from dashboard.texts import DEFAULT, LANGUAGES, TEXTS, Language, text
from dashboard.views.review_pair import CHOICES, SECONDS, pair_page, text_data
from dashboard.words import duration
from evals.review.pack_seal import KIND, VERSION
from evals.review.packing import Pack
from evals.review.types import PairView

__all__ = ["html_of"]

_STATIC = Path(__file__).parent / "static"

_PAGE_STYLE = f"""
body {{ margin: 0; background: var(--background); font-family: {FONT}; }}
main {{ max-width: 1600px; margin: 0 auto; padding: 1.5rem; }}
noscript {{ display: block; padding: 1.5rem; }}
"""


def html_of(pack: Pack) -> str:
    """The whole file."""
    language = cast("Language", pack.language if pack.language in LANGUAGES else DEFAULT)
    script = bundled(_STATIC / "offline" / "offline.js")
    style = "\n".join([theme_css(), _PAGE_STYLE, (_STATIC / "review" / "review.css").read_text(encoding="utf-8")])
    policy = (
        f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}; base-uri 'none'; "
        "form-action 'none'"
    )
    data = json.dumps(_data(pack, language), ensure_ascii=False, separators=(",", ":"))
    # Nothing in a text can end the element that holds it.
    held = data.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return (
        f'<!doctype html>\n<html lang="{"zh-Hans" if language == "zh" else "en"}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(text('review', language))}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f'<main id="review"></main>\n<noscript>{escape(text("review.pack.no_script", language))}</noscript>\n'
        f'<script type="application/json" id="pack">{held}</script>\n<script>{script}</script>\n</body>\n</html>\n'
    )


def _digest(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _data(pack: Pack, language: Language) -> dict[str, Any]:
    with speaking(language):
        pages = [pair_page(view, demo=False) for view in pack.pairs]
        practice = sum(view.practice for view in pack.pairs)
        return {
            "kind": KIND, "version": VERSION, "id": pack.id, "key": pack.key, "language": language,
            "words": {**words("review.desk."), "close": t("review.pack.close"), "finish": t("review.pack.finish")},
            "start": _start(pack), "page": {name: pages[0][name] for name in _OF_ALL},
            "pairs": [_pair(view, page["pair"]) for view, page in zip(pack.pairs, pages, strict=True)],
            "choices": {choice: t(f"review.desk.{name}") for choice, name in CHOICES.items()},
            "marks": {str(left): t("review.practice", count=left) for left in range(1, practice + 1)}, "says": _says(),
            "summary": {"title": t("review.pack.summary"), "hint": t("review.pack.hint")},
            "totals": {"title": t("review.pack.saved"), "again": t("review.pack.again")},
        }  # fmt: skip


def _pair(view: PairView, page: dict[str, Any]) -> dict[str, Any]:
    """What the page gets of a pair, but for what the script says as it goes."""
    return {**{name: page[name] for name in _OF_PAIR}, "practice": view.practice}


def _says() -> dict[str, str]:
    """Words, some with blanks that the script fills."""
    raw = {"progress": "review.pack.progress", "minutes": "minutes", "saved": "review.pack.saved.says"}
    return {
        **{name: TEXTS[key][current()] for name, key in raw.items()},
        "changing": t("review.changing"), "early": t("review.pack.early"), "all": t("review.pack.all"),
        "keeps_nothing": t("review.pack.rule.keeps_nothing"),
        "go_on": t("review.more"), "judged": t("review.pack.judged"),
    }  # fmt: skip


def _start(pack: Pack) -> dict[str, Any]:
    counted = sum(not view.practice for view in pack.pairs)
    lasts = duration(counted * SECONDS, current())
    rules = [
        t("review.rule.blind"), *[t("review.rule.practice")] * (counted < len(pack.pairs)), t("review.pack.rule.kept"),
        t("review.pack.rule.file"), t("review.pack.rule.until", time=f"{pack.expires:%Y-%m-%d %H:%M}"),
    ]  # fmt: skip
    return {
        "title": pack.title, "rules": rules, "by_key": t("review.rule.keys"), "planned": counted,
        "how_many": t("review.pack.how_many"),
        "instructions": text_data(render(pack.instructions)) if pack.instructions.strip() else None,
        "options": [{"planned": counted, "words": t("review.plan", count=counted, time=lasts)}],
    }  # fmt: skip


_OF_ALL = ("title", "reasons", "skips", "flags", "errors")

_OF_PAIR = ("token", "question", "left", "right", "shown_first", "criteria", "asks_guess", "draft")
