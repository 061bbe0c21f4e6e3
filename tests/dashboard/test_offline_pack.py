"""The file of a pack: what it holds, and what it does not."""

import base64
import hashlib
import json
import re
from typing import Any

import pytest

from dashboard.offline_pack import html_of
from dashboard.script_bundle import bundled
from evals.review.packing import make_pack
from store.database import Store
from tests.dashboard.blind.canaries import Canaries, Seen, search
from tests.dashboard.blind.twins import secrets_of_twins, twin
from tests.dashboard.packs import LEAD, packed_file
from tests.evals.review.campaigns import make_campaign


def data_of(html: str) -> dict[str, Any]:
    [held] = re.findall(r'<script type="application/json" id="pack">(.*?)</script>', html, re.DOTALL)
    return json.loads(held)


@pytest.fixture
def packed(root, blank, tmp_path):
    """A store, and a pack of three pairs and one practice pair as a file."""
    return packed_file(root, blank, tmp_path)


def test_the_file_holds_all_it_needs_and_its_policy_lets_nothing_else_run(packed):
    _, file = packed
    html = file.read_text(encoding="utf-8")
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    [script], [style] = (
        re.findall(r"<script>(.*?)</script>", html, re.DOTALL),
        re.findall(r"<style>(.*?)</style>", html, re.DOTALL),
    )
    digests = [base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in (script, style)]
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{digests[0]}'; style-src 'sha256-{digests[1]}'; base-uri 'none'; "
        "form-action 'none'"
    )
    assert (
        re.findall(r"<(?:link|img|iframe|object|embed|base|form)\b|\bsrc=|\bhref=|@import|url\(|https?://", html) == []
    )
    assert re.findall(r"\b(fetch|XMLHttpRequest|WebSocket|sendBeacon|eval|Function)\b\s*\(", script) == []
    assert re.search(r"^\s*(import|export)\b", script, re.MULTILINE) is None


def test_a_form_of_import_that_is_not_known_is_refused(tmp_path):
    (tmp_path / "a.js").write_text('import * as b from "./b.js";\n')
    with pytest.raises(ValueError, match=r"a\.js: import"):
        bundled(tmp_path / "a.js")


def test_no_text_of_a_pair_can_end_the_element_that_holds_it(root, blank):
    (root / blank.name).write_bytes(blank.read_bytes())
    store = Store.at(root / blank.name)
    made = make_campaign(store, pairs=1, practice=0)
    hostile = "</script><script>alert(1)</script><!-- & ]]>"
    store.transaction(lambda tx: tx.execute("UPDATE pair SET first = $text, question = $text", {"text": hostile}))
    html = html_of(make_pack(store, LEAD, made.campaign, "grader 0", 1, 7))
    assert html.count("</script>") == html.count("<script") == 2
    assert data_of(html)["pairs"][0]["question"]["raw"] == hostile


def test_each_language_has_its_words(root, blank):
    (root / blank.name).write_bytes(blank.read_bytes())
    store = Store.at(root / blank.name)
    made = make_campaign(store, pairs=2, practice=0)
    store.transaction(lambda tx: tx.execute("UPDATE campaign SET language = 'zh'"))
    html = html_of(make_pack(store, LEAD, made.campaign, "grader 0", 1, 7))
    assert '<html lang="zh-Hans">' in html
    assert data_of(html)["words"]["close"] == "保存评判文件"


def test_no_canary_is_in_a_pack_and_it_is_the_same_whichever_model_is_the_candidate(tmp_path):
    """What the page may not say, the file may not hold; the search is that of the page's own traffic."""
    made = []
    for secret, name in zip(secrets_of_twins(), ("first", "second"), strict=True):
        canaries = Canaries()
        one = twin(tmp_path / name, canaries, secret, "https://login.example", swapped=name == "second")
        pack = make_pack(one.store, LEAD, 1, "Wang", 6, 7)
        html = html_of(pack)
        assert search(canaries, [Seen(name, html.encode())]) == []
        html = html.replace(pack.id, "ID").replace(pack.key, "KEY").replace(f"{pack.expires:%Y-%m-%d %H:%M}", "UNTIL")
        for number, pair in enumerate(pack.pairs):
            html = html.replace(pair.token, f"token {number}")
        made.append(html)
    assert made[0] == made[1]
