"""The audit log has words for all that the program writes into it, and for all that can be wrong with it."""

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

import store
from dashboard.text_tables.audit_actions import TEXTS as ACTIONS
from dashboard.texts import TEXTS
from dashboard.views import audit_words
from evals.gate.signed import Kind
from store.access import ROLES
from store.heads import verify_store
from tests.dashboard.released import again

REPO = Path(store.__file__).parents[1]
SOURCES = sorted(path for part in ("store", "evals", "trainer", "dashboard") for path in (REPO / part).rglob("*.py"))

PREFIX = "audit.action."

CALLED = {
    # File and argument where the action is no word but a name: what it may be.
    ("evals/gate/approvals.py", "kind"): frozenset(get_args(Kind)),
    ("evals/review/entry.py", "action"): frozenset[str](),
    ("evals/review/verdicts.py", "action"): frozenset({"verdict", "verdict-edit"}),
}
"""`entry.tell` passes on what its callers say, who are looked at themselves."""


def calls(path):
    """Actions that a file writes, as their source; of `Entry` the third argument, so too of `tell`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or len(node.args) < 4:
            continue
        if node.func.id in ("Entry", "tell"):
            yield node.args[2]


def written():
    """Every action, and where one is said by a name that is not known."""
    found, odd = set(), []
    for path in SOURCES:
        name = path.relative_to(REPO).as_posix()
        for action in calls(path):
            if isinstance(action, ast.Constant):
                found.add(action.value)
            elif (name, ast.unparse(action)) in CALLED:
                found |= CALLED[name, ast.unparse(action)]
            else:
                odd.append((name, ast.unparse(action)))
    return found, odd


def test_every_action_that_the_program_writes_has_words_and_no_other_has():
    found, odd = written()
    assert odd == []
    assert len(found) > 30
    assert {key.removeprefix(PREFIX) for key in ACTIONS} == found


def test_every_role_has_words():
    assert {key.removeprefix("audit.role.") for key in TEXTS if key.startswith("audit.role.")} == set(ROLES)


def test_every_kind_of_object_that_is_written_has_words():
    kinds = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) > 3:
                target = node.args[3]
                if node.func.id in ("Entry", "tell") and isinstance(target, ast.JoinedStr):
                    kinds.add(ast.unparse(target)[2:].split(":")[0])
    assert {"campaign", "user", "key", "proposal"} <= kinds
    assert kinds - set(audit_words.SUBJECTS) == set()


# Each as store.chain and store.heads say it.
SENTENCES = {
    "row 7 is missing before it": "它前面缺了第 7 行",
    "rows 7 to 9 are missing before it": "它前面缺了第 7 – 9 行",
    "its number stands twice": "行号出现了两次",
    "its payload is not the one that was appended": "细节与当初写入的不同",
    "its time is none": "时间无效",
    "its link (previous) is not the hash of the row before": "与上一行的链接不符",
    "its hash is not that of what it says": "哈希与内容不符",
    "the log was cut off: it ends at row 5, but the bundle of prod v2 knows row 9":
        "日志被截断：只到第 5 行，而prod v2 的发布包知道第 9 行",
    "the log was cut off: it is empty, but the signature of 2026-11-29 10:00 UTC knows row 9":
        "日志被截断：已空，而2026-11-29 10:00 UTC 的签名知道第 9 行",
    "row 9 is missing, which the bundle of prod v2 knows": "缺了第 9 行，而prod v2 的发布包知道它",
    "the log was written anew: row 9 is another than the bundle of prod v2 knows":
        "日志被重写：第 9 行与prod v2 的发布包所知的不同",
    "the bundle of prod v2 in this store is damaged: it does not say where the audit log ended":
        "数据文件中prod v2 的发布包已损坏：没有说明日志当时到哪一行",
    "the signature of 2026-11-29 10:00 UTC on row 9 is by the key 0123456789ab, which is unknown":
        "2026-11-29 10:00 UTC 对第 9 行的签名用的是未知密钥 0123456789ab",
    "the signature of 2026-11-29 10:00 UTC on row 9 is by the key 0123456789ab, which had been retired":
        "2026-11-29 10:00 UTC 对第 9 行的签名用的是已停用的密钥 0123456789ab",
    "the signature of 2026-11-29 10:00 UTC on row 9 does not hold: what was signed was changed":
        "2026-11-29 10:00 UTC 对第 9 行的签名不成立：签名后内容被改过",
    "release 3 (prod v1) was changed: row 41 of the audit log tells another time, reason":
        "release 3 (prod v1) 被改过：审计日志第 41 行记的 time, reason 与它不同",
    "row 41 of the audit log tells of what is gone from the store: release of prod v2":
        "库里少了审计日志第 41 行所记的 release of prod v2",
    "release 3 (prod v1) stands in no row of the audit log": "审计日志里没有 release 3 (prod v1) 的记录",
    "the rows of release stand in another order than the audit log tells of them":
        "release 表各行的次序与审计日志所记的不同",
    "the clock went backwards at row 4, by 1 day, 2:00:00.5": "第 4 行的时钟倒退了 1 day, 2:00:00",
    "no end of the log has been signed since row 100: what came after it (2026-11-29 10:00 UTC) can be cut off unseen; "
    "see to the server's key":
        "第 100 行之后没有再签过名：其后的记录 (2026-11-29 10:00 UTC)可能被悄悄截断；请检查服务器的密钥",
}  # fmt: skip


@pytest.mark.parametrize("sentence", SENTENCES)
def test_what_is_wrong_with_the_log_is_said_in_both_languages(monkeypatch, sentence):
    monkeypatch.setattr("dashboard.language.current", lambda: "zh")
    assert audit_words.why(sentence) == SENTENCES[sentence]
    monkeypatch.setattr("dashboard.language.current", lambda: "en")
    assert not re.search("[一-鿿]", audit_words.why(sentence))


def test_every_way_to_be_wrong_is_tried():
    assert len(SENTENCES) == len(audit_words.FAULTS)


BROKEN = {
    "one row is gone": "DELETE FROM audit WHERE seq = 5",
    "rows are gone": "DELETE FROM audit WHERE seq IN (5, 6)",
    "a number stands twice": "UPDATE audit SET seq = 4 WHERE seq = 5",
    "a payload": "UPDATE audit SET payload = '{}' WHERE seq = 5",
    "a time that is none": "UPDATE audit SET created = TIMESTAMP 'infinity' WHERE seq = 5",
    "a link": "UPDATE audit SET previous = 'x' WHERE seq = 5",
    "a role": "UPDATE audit SET role = 'nobody' WHERE seq = 5",
    "the end is cut off": "DELETE FROM audit WHERE seq > 20",
    "all of it is gone": "DELETE FROM audit",
    "a signature": "UPDATE audit_head SET created = created + INTERVAL 1 SECOND",
    "an unknown key": "UPDATE audit_head SET key_id = repeat('a', 64)",
    "a retired key": "UPDATE signing_key SET retired = TIMESTAMP '2020-01-01' WHERE user_id IS NULL",
    "a bundle": "UPDATE release SET bundle = '{}'",
    "a statement": "UPDATE release SET statement = '{}'",
    "a release": "DELETE FROM release WHERE id = 1",
    "no signature": "DELETE FROM audit_head",
    "the clock": "UPDATE audit SET created = created - INTERVAL 1 DAY WHERE seq = 5",
}
"""Ways to forge a log."""


@pytest.mark.parametrize("statement", BROKEN.values(), ids=BROKEN)
def test_whatever_is_found_in_a_forged_log_has_words(whole_releases, tmp_path, statement):
    made = again(whole_releases, tmp_path / "runs").store
    made.transaction(lambda tx: tx.execute(statement))
    report = verify_store(made)
    said = [*([report.why] if report.first_broken is not None else []), *report.problems, *report.warnings]
    assert said != []
    known = [any(re.fullmatch(pattern, one) for pattern in audit_words.FAULTS) for one in said]
    assert [one for one, has_words in zip(said, known, strict=True) if not has_words] == []


def test_a_sentence_that_is_not_known_stays_as_it_is():
    assert audit_words.why("something else") == "something else"


def test_objects_without_a_page_lead_nowhere():
    assert audit_words.address("key:abc", {}) is None
    assert audit_words.address("user:5", {}) is None
    assert audit_words.address("proposal:2", {}) is None
    assert audit_words.subject("odd", {}) == "odd"
