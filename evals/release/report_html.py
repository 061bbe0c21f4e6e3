"""Pieces of the printed report: HTML with every text escaped, one style sheet, no script, nothing from elsewhere."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import NewType

__all__ = ["Html", "badge", "code", "document", "joined", "paragraph", "section", "table", "text"]

Html = NewType("Html", str)
"""Markup whose texts are escaped."""

_STYLE = """
@page { size: A4; margin: 16mm 14mm; }
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { font: 10.5pt/1.5 system-ui, "Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif;
  color: #1c2024; background: #fff; margin: 0 auto; padding: 24px; max-width: 190mm;
  font-variant-numeric: tabular-nums; }
html[lang="zh"] body { font-family: "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", system-ui, sans-serif; }
@media print { body { padding: 0; } }
h1 { font-size: 19pt; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 12.5pt; margin: 22px 0 6px; padding-top: 8px; border-top: 1px solid #c9c9c2; break-after: avoid; }
p { margin: 4px 0; }
header .brand { color: #5b6167; margin: 0 0 12px; }
.lead { font-size: 12pt; }
.note { color: #5b6167; font-size: 9.5pt; }
.red { border: 2px solid #b3261e; color: #b3261e; background: #fdf1f0; padding: 6px 10px; margin: 8px 0;
  font-weight: 600; }
table { border-collapse: collapse; width: 100%; margin: 6px 0; font-size: 9.5pt; }
thead { display: table-header-group; }
th { text-align: left; color: #5b6167; font-weight: 600; }
th, td { padding: 3px 8px 3px 0; border-bottom: 1px solid #e3e3de; vertical-align: top; overflow-wrap: break-word; }
th { white-space: nowrap; }
th.number, td.number { text-align: right; white-space: nowrap; }
tr { break-inside: avoid; }
code, pre { font: 8.5pt/1.45 ui-monospace, "Noto Sans Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
pre { background: #f4f4f1; padding: 8px 10px; white-space: pre-wrap; margin: 6px 0; }
td code { font-size: 7.5pt; }
.badge { font-weight: 600; white-space: nowrap; }
.pass { color: #1a7f37; } .fail, .missing { color: #b3261e; } .inconclusive { color: #8a5a00; }
.bar { display: flex; height: 16px; margin: 8px 0 2px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.bar span { display: block; }
.won { background: #0072b2; } .tied { background: #c9c9c2; } .lost { background: #d55e00; }
.strip { display: flex; flex-wrap: wrap; gap: 4px 0; margin: 6px 0; padding: 0; list-style: none; font-size: 9.5pt; }
.strip li { white-space: normal; } .strip li + li::before { content: "→"; color: #5b6167; padding: 0 6px; }
.found { border-left: 3px solid #c9c9c2; padding: 2px 0 2px 10px; margin: 8px 0; break-inside: avoid;
  white-space: pre-wrap; overflow-wrap: anywhere; }
footer { margin-top: 24px; color: #5b6167; font-size: 9pt; }
"""


def text(value: object) -> Html:
    """Anybody's text."""
    return Html(escape(str(value)))


def joined(parts: Iterable[Html], between: str = "") -> Html:
    """Parts one after the other."""
    return Html(between.join(parts))


def paragraph(said: Html, kind: str = "") -> Html:
    """A paragraph; `kind` is a class of the style sheet."""
    return Html(f'<p class="{kind}">{said}</p>' if kind else f"<p>{said}</p>")


def section(title: str, *parts: Html) -> Html:
    """A part of the report."""
    return Html(f"<section><h2>{text(title)}</h2>{joined(parts)}</section>")


def badge(kind: str, said: str) -> Html:
    """A word in the colour of what it says."""
    return Html(f'<span class="badge {kind}">{text(said)}</span>')


def code(said: object) -> Html:
    """A digest, or a command."""
    return Html(f"<code>{text(said)}</code>")


def table(heads: Sequence[str], rows: Iterable[Sequence[Html]], numbers: Iterable[int] = ()) -> Html:
    """A table; columns in `numbers` stand to the right."""
    right = set(numbers)
    head = joined(_cell("th", text(said), right=place in right) for place, said in enumerate(heads))
    body = joined(
        Html(f"<tr>{joined(_cell('td', cell, right=place in right) for place, cell in enumerate(row))}</tr>")
        for row in rows
    )
    return Html(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def document(language: str, title: str, body: Html) -> str:
    """The file."""
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _cell(tag: str, said: Html, *, right: bool) -> Html:
    return Html(f'<{tag} class="number">{said}</{tag}>' if right else f"<{tag}>{said}</{tag}>")
