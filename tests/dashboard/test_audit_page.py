"""The page Audit: the log in rows, what narrows it, whether it holds, and the file of it; by role."""

import csv
import io
from datetime import timedelta

import pytest
import streamlit as st

from dashboard import cached_audit, identity
from dashboard.pages import page_path
from dashboard.queries import audit as queries
from dashboard.queries.audit import PAGE, Wanted
from dashboard.views import audit as view
from store.audit import Entry, append_all
from store.clock import utc_now
from tests.dashboard.opening import open_page
from tests.dashboard.released import again


@pytest.fixture
def made(whole_releases, tmp_path):
    return again(whole_releases, tmp_path / "runs")


def page(monkeypatch, store, lang="en", who=None, **asked):
    st.cache_data.clear()
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    if who is not None:
        monkeypatch.setattr(identity, "actor", lambda: who)
    return open_page("audit", {"lang": lang, **asked})


def said(app):
    return "\n".join([*(block.body for block in app.html), *(block.value for block in app.code)])


def log(app):
    """The rows on the page: each a list of what its cells hold, without what is folded."""
    table = next((block.body for block in app.html if "a-log" in block.body), "")
    rows = table.partition("<tbody>")[2].split("<tr>")[1:]
    return [[part.split(">", 1)[1].split("</td>")[0] for part in row.split("<td ")[1:]] for row in rows]


def sql(store, statement, **values):
    store.transaction(lambda tx: tx.execute(statement, values))


def total(store):
    return queries.count(store, Wanted())


def test_rows_say_who_did_what_to_what_the_newest_first(monkeypatch, whole_releases):
    app = page(monkeypatch, whole_releases.store, who=whole_releases.first.qian)
    rows = log(app)
    count = total(whole_releases.store)
    assert len(rows) == PAGE
    assert [int(row[0]) for row in rows] == list(range(count, count - PAGE, -1))
    newest = rows[0]
    assert newest[2] == 'Chen <span class="a-quiet">as engineer</span>'
    assert newest[3] == "confirmed what a server runs"
    assert newest[4] == '<a href="releases?env=prod&amp;lang=en" target="_self">environment prod</a>'
    assert "<dt>host</dt><dd>gpu-2</dd>" in newest[5]
    restored = next(row for row in rows if row[3] == "put an earlier version back")
    assert restored[2] == 'Li <span class="a-quiet">as lead</span>'
    assert '<a href="release-check?run=triage&amp;at=1%40400&amp;lang=en" target="_self">' in restored[4]
    assert "<dd>v2 answered &lt;in&gt; English</dd>" in restored[5]
    assert f"1 – {PAGE} of {count} rows" in said(app)


def test_it_is_said_in_chinese(monkeypatch, whole_releases):
    app = page(monkeypatch, whole_releases.store, lang="zh", who=whole_releases.first.qian)
    assert log(app)[0][3] == "确认了正在运行的版本"
    assert "以工程师身份" in log(app)[0][2]
    assert "链完整" in said(app)


def test_an_older_page_follows_and_goes_back(monkeypatch, whole_releases):
    app = page(monkeypatch, whole_releases.store, who=whole_releases.first.qian)
    first = log(app)
    app.button(key="audit-older-above").click().run()
    assert int(log(app)[0][0]) == int(first[-1][0]) - 1
    app.button(key="audit-newer-below").click().run()
    assert log(app) == first


def test_it_is_narrowed_by_person_action_and_object_and_the_address_keeps_it(monkeypatch, whole_releases):
    store, li = whole_releases.store, whole_releases.first.li.named
    app = page(monkeypatch, store, who=whole_releases.first.qian)
    app.selectbox(key="audit-person").set_value(li).run()
    assert {row[2].split(" <")[0] for row in log(app)} == {"Li"}
    app.multiselect(key="audit-did").set_value(["approve", "restore"]).run()
    assert [row[3] for row in log(app)] == ["put an earlier version back", "approved", "approved"]
    app.text_input(key="audit-about").set_value("proposal:2").run()
    assert [row[3] for row in log(app)] == ["approved"]
    asked = {"person": li, "did": "approve,restore", "about": "proposal:2"}
    assert {name: app.query_params[name] for name in asked} == asked
    assert log(page(monkeypatch, store, **asked)) == log(app)
    app.button(key="audit-all").click().run()
    assert len(log(app)) == PAGE


def test_a_day_ends_where_the_viewers_day_ends(monkeypatch, made):
    store, day = made.store, utc_now().date()
    sql(store, "UPDATE audit SET created = created - INTERVAL 3 DAY WHERE seq <= 10")
    old = (day - timedelta(days=3)).isoformat()
    app = page(monkeypatch, store, **{"from": old, "to": old})
    assert [int(row[0]) for row in log(app)] == list(range(10, 0, -1))
    app = page(monkeypatch, store, **{"from": "2020-01-01", "to": "2020-01-02"})
    assert "Nothing fits what you filter by." in said(app)
    app = page(monkeypatch, store, **{"from": "no date", "person": "user:999"})
    assert len(log(app)) == PAGE


@pytest.mark.parametrize(
    ("about", "found"),
    [
        ("campaign:1", ["campaign:1", "pair:1/q1"]), ("campaign:11", ["campaign:11", "pair:11/q12"]),
        ("pair:1", ["pair:1/q1"]), ("user:1", ["user:1"]), ("FEVER", ["user:1"]), ("q1", ["pair:1/q1"]),
        ("q12", ["pair:11/q12"]), ("100%", []),
    ],
)  # fmt: skip
def test_an_object_is_found_with_its_pairs_and_not_within_a_longer_number(empty_store, about, found):
    objects = ["campaign:1", "pair:1/q1", "campaign:11", "pair:11/q12", "user:1", "user:12"]
    told = [Entry("rules", "", "login", name, {"why": "fever"} if name == "user:1" else {}) for name in objects]
    empty_store.transaction(lambda tx: append_all(tx, told))
    rows = queries.page(empty_store, Wanted(about=about), 0)
    assert sorted(row["object"] for row in rows) == sorted(found)
    assert queries.count(empty_store, Wanted(about=about)) == len(found)


def test_the_name_of_an_erased_person_is_nowhere_on_the_page(monkeypatch, made):
    li = made.first.li.user
    sql(made.store, """UPDATE "user" SET name = '' WHERE id = $id""", id=li)
    app = page(monkeypatch, made.store)
    words = said(app)
    assert f'person {li} (name erased) <span class="a-quiet">as lead</span>' in [row[2] for row in log(app)]
    assert ">Li<" not in words
    assert ">Li " not in words
    assert "Li" not in [str(option) for option in app.selectbox(key="audit-person").options]


def test_that_the_chain_holds_is_said_with_its_signed_end(monkeypatch, made):
    words = said(page(monkeypatch, made.store, who=made.first.qian))
    rows = total(made.store)
    assert '<span class="a-status a-good">the chain holds</span>' in words
    assert f"{rows} rows; its end was signed at row {rows} on" in words
    assert "not signed yet" not in words
    assert "assay db audit verify --keys KEYS_FOLDER --bundle RELEASE_FOLDER" in words
    made.store.transaction(lambda tx: append_all(tx, [Entry("rules", "", "peek", "campaign:1", {})]))
    assert "1 row after it is not signed yet" in said(page(monkeypatch, made.store, who=made.first.qian))
    assert "其后 1 行尚未签名" in said(page(monkeypatch, made.store, "zh", who=made.first.qian))


def test_the_first_broken_row_is_named_in_both_languages(monkeypatch, made):
    sql(made.store, "UPDATE audit SET payload = '{}' WHERE seq = 12")
    words = said(page(monkeypatch, made.store))
    assert '<span class="a-status a-bad">the chain is broken</span>' in words
    assert "Row 12 does not hold: its payload is not the one that was appended" in words
    assert "第 12 行不成立：细节与当初写入的不同" in said(page(monkeypatch, made.store, lang="zh"))


def test_a_log_that_was_cut_off_is_noticed_by_its_signatures_and_bundles(monkeypatch, made):
    rows = total(made.store)
    sql(made.store, "DELETE FROM audit WHERE seq > $last", last=rows - 10)
    words = said(page(monkeypatch, made.store, lang="zh", who=made.first.qian))
    assert f"日志被截断：只到第 {rows - 10} 行，而" in words
    assert "prod v2 的发布包知道第" in words


def test_the_chain_is_not_checked_at_each_refresh_and_again_when_asked(monkeypatch, made):
    times = []
    real = cached_audit.verify_store
    monkeypatch.setattr(cached_audit, "verify_store", lambda store: times.append(1) or real(store))
    app = page(monkeypatch, made.store)
    app.run()
    assert len(times) == 1
    made.store.transaction(lambda tx: append_all(tx, [Entry("rules", "", "login", "user:1", {})]))
    cached_audit.stamp.clear()
    app.run()
    assert "1 row has come since, not yet checked" in said(app)
    app.button(key="audit-check").click().run()
    assert len(times) == 2
    assert "not yet checked" not in said(app)


def test_the_file_has_what_is_filtered_with_every_column_of_the_chain(monkeypatch, whole_releases):
    store, wanted = whole_releases.store, Wanted(actions=("release", "restore"))
    page(monkeypatch, store, who=whole_releases.first.qian)
    text = view._csv(str(store.path), wanted).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["name"], row["action"], row["object"]) for row in rows] == [
        ("Zhao", "release", "proposal:1"), ("Zhao", "release", "proposal:2"), ("Li", "restore", "proposal:1"),
    ]  # fmt: skip
    assert {"seq", "created", "actor", "role", "payload_sha256", "previous", "hash"} <= set(rows[0])


@pytest.mark.parametrize(("name", "given"), [("qian", True), ("li", False), ("chen", False), ("wang", False)])
def test_the_page_is_the_auditors(monkeypatch, whole_releases, name, given):
    app = page(monkeypatch, whole_releases.store, who=getattr(whole_releases.first, name))
    assert len(log(app)) == (PAGE if given else 0)
    if not given:
        with pytest.raises(ValueError, match="audit"):
            app.switch_page(page_path("audit"))


def test_particulars_that_somebody_made_unreadable_are_shown_as_they_are(monkeypatch, made):
    last = total(made.store)
    sql(made.store, "UPDATE audit SET payload = '<b>no json' WHERE seq = $seq", seq=last)
    assert "<dd>&lt;b&gt;no json</dd>" in log(page(monkeypatch, made.store, who=made.first.qian))[0][5]


def test_a_store_without_a_row_says_so(monkeypatch, empty_store):
    monkeypatch.setattr(identity, "actor", lambda: identity.Actor("local", None, account="ann"))
    assert "Nothing is in the log yet." in said(page(monkeypatch, empty_store))
