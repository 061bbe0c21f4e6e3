"""Answers of models as HTML: nothing in them is fetched, followed, painted or hidden."""

import re

import pytest

from dashboard.hostile import LARGEST, LONGEST, render, text_on_screen

FETCHES = {
    "picture": "![x](http://evil.example/a.png)",
    "picture by reference": "![x][a]\n\n[a]: http://evil.example/a.png",
    "link": "[press](http://evil.example/)",
    "link by reference": "[press][a]\n\n[a]: http://evil.example/ 'title'",
    "link that runs": "[press](javascript:alert(1))",
    "link of data": "[press](data:text/html,<script>alert(1)</script>)",
    "link by itself": "<http://evil.example/> and http://evil.example/ and a@evil.example",
    "picture of HTML": "<img src=http://evil.example/a.png onerror=alert(1)>",
    "script": "<script src=http://evil.example/a.js></script>",
    "style": "<style>@import 'http://evil.example/a.css'; * {display: none}</style>",
    "styled": "<p style='position:fixed;background:url(http://evil.example/a)'>x</p>",
    "frame": "<iframe src=http://evil.example/></iframe>\n\n<svg onload=alert(1)>",
    "form": "<form action=http://evil.example/><input name=a></form>",
    "meta": "<meta http-equiv=refresh content='0;url=http://evil.example/'>",
    "page": "<!-- --><base href=http://evil.example/><link rel=stylesheet href=http://evil.example/>",
    "in a table": "| a |\n|---|\n| ![x](http://evil.example/a.png) <img src=x> |",
    "in code": "```html onload=x\n<img src=http://evil.example/a.png>\n```",
}


@pytest.mark.parametrize("text", FETCHES.values(), ids=FETCHES)
def test_no_tag_of_an_answer_has_an_attribute_or_fetches(text):
    tags = re.findall(r"<[^>]*>", render(text).html)
    assert [tag for tag in tags if not re.fullmatch(r"</?(p|br|table|thead|tbody|tr|th|td|pre|code)>", tag)] == []


@pytest.mark.parametrize("text", FETCHES.values(), ids=FETCHES)
def test_what_is_not_followed_stays_to_be_read(text):
    assert re.findall(r"evil\.example|alert", render(text).html) == re.findall(r"evil\.example|alert", text)


def test_lines_that_define_a_reference_are_not_swallowed():
    assert render("see [1]\n\n[1]: http://a.example/b").html == "<p>see [1]</p>\n<p>[1]: http://a.example/b</p>\n"


@pytest.mark.parametrize("text", [":smile:", ":material/home:", ":red[x]", "$x^2$ and $5", "$$\\frac{1}{2}$$"])
def test_signs_of_other_markup_stay_text(text):
    assert render(text).html == f"<p>{text}</p>\n"


def test_tables_code_lists_and_breaks_are_shown():
    assert render("| a | b |\n|:--|--:|\n| 1 | ~~2~~ |").html.replace("\n", "") == (
        "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td><s>2</s></td></tr></tbody></table>"
    )
    assert render("```python\na < b\n```").html == "<pre><code>a &lt; b\n</code></pre>\n"
    assert render("科室：儿科\n建议：就诊").html == "<p>科室：儿科<br>\n建议：就诊</p>\n"


def test_a_list_keeps_the_number_it_begins_with():
    assert '<ol start="2">' in render("1. a\n\ntext\n\n2. b").html


def test_signs_that_hide_or_turn_are_taken_out_even_where_they_are_spelt_out():
    found = render("a\u202eb\u200bc\x00d\u2066e &#8238;x&#x200b;y&#0;")
    assert found.html == "<p>abcde xy\ufffd</p>\n"
    assert found.raw == "abcde &#8238;x&#x200b;y&#0;"


def test_a_very_long_answer_is_cut_and_says_so():
    found = render("发热 " * 34_000)
    assert (len(found.raw), found.cut) == (LONGEST, True)
    assert render("x" * LONGEST).cut is False


@pytest.mark.parametrize("part", [">", "*", "[", "- ", "|a", "`", "<", "&", "1. ", "\n\n> * a"])
def test_an_answer_made_to_keep_the_renderer_busy_stays_small(part):
    assert len(render(part * (LONGEST // len(part))).html) < 20 * LONGEST


def test_a_text_that_makes_too_much_html_is_shown_as_it_was_written():
    wide = "|a" * 600 + "|\n" + "|-" * 600 + "|\n" + "|\n" * 8500
    found = render(wide)
    assert "<table>" in render("|a|\n|-|\n|b|").html
    assert "<table>" not in found.html
    assert found.html.startswith("<p>|a|a")
    assert len(found.html) < LARGEST


@pytest.mark.parametrize(
    "sign", ["\U000e0041", "\u3164", "\u115f", "\u1160", "\uffa0", "\u034f", "\ufe0f", "\ufff9", "\U000e0100", "\u0600"]
)
def test_signs_that_hide_text_are_left_out(sign):
    found = render(f"a{sign}b")
    assert (found.html, found.raw) == ("<p>ab</p>\n", "ab")


def test_the_text_on_the_screen_has_neither_markup_nor_references():
    assert text_on_screen("1. bread &amp; *salt*\n2. a < b").split() == ["bread", "&", "salt", "a", "<", "b"]
