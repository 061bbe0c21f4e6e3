"""How a run ended and what asks for a look, on the pages of somebody who reads Chinese."""

import re

import assay
from store.loading import load_spools
from tests.dashboard import spiky
from tests.dashboard.opening import open_page

ENDED = "stopped at step 2085 of 100000 by root"


def shown(monkeypatch, store, run, view="log", lang="zh"):
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    app = open_page("run", {"lang": lang, "run": run, "view": view})
    return "\n".join(block.body for block in app.html)


def test_the_reason_of_an_ending_is_said_in_the_readers_language(monkeypatch, empty_store):
    run = assay.run("stopped", store=empty_store.root)
    run.log(1, loss=2.0)
    run.finish("finished", ENDED)
    load_spools(empty_store)
    assert "结束原因：由 root 在第 2,085 / 100,000 步停止" in shown(monkeypatch, empty_store, "stopped")
    english = shown(monkeypatch, empty_store, "stopped", lang="en")
    assert "It ended with: stopped at step 2,085 of 100,000 by root" in english


def test_warnings_are_said_as_the_view_spikes_says_them(monkeypatch, empty_store):
    run = assay.run("spiky", store=empty_store.root)
    spiky.healed(run)
    spiky.alarm(run, 219, "T2", "rollback", acts=False)
    run.event("memory", "out of memory: from here on 2 samples at once, 4 times a step", level="warning", step=220)
    run.event("own", "my own <b>word</b>", level="warning", step=220)
    run.finish("failed", "ValueError: no such column")
    load_spools(empty_store)
    words = shown(monkeypatch, empty_store, "spiky")
    told = re.search(r'<ul class="a-alarms">.*?</ul>', words, re.DOTALL)[0]
    assert "词嵌入的更新幅度 4.500，高于界限 1.900 <span" in told
    assert "损失 4.500，高于界限 1.900；这一步没有采用" in told
    assert "最近 10 步中至少 8 步的损失高于 1.900，现为 4.500；守护只观察" in told
    assert "从第 160 步退回第 140 步，原样重放一遍，看尖峰是否再现。" in told
    assert "内存不足：此后每次 2 个样本，每步 4 次" in told
    assert "my own &lt;b&gt;word&lt;/b&gt;" in told
    assert "失败：ValueError: no such column" in told
    assert "told" not in told
