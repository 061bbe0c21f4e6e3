"""The spool format: what is written can be read, and what is torn or damaged is not believed."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.spool import LONGEST_LINE, SpoolFile, as_number, encode, read_opening, read_spool


def test_a_line_is_json_that_any_reader_accepts():
    line = encode({"k": "step", "v": {"a": math.nan, "b": -math.inf, "c": 1.5}})
    assert json.loads(line, parse_constant=pytest.fail) == {"k": "step", "v": {"a": "nan", "b": "-inf", "c": 1.5}}


@given(st.floats())
def test_every_float_comes_back_as_it_was(value):
    back = as_number(json.loads(encode({"k": "step", "v": value}))["v"])
    assert back == value or (math.isnan(back) and math.isnan(value))


def test_a_file_begins_with_what_it_is(tmp_path):
    file = SpoolFile(tmp_path / "run", 3, "assay test")
    file.close()
    [line] = read_spool(file.path).lines
    assert (line["k"], line["format"], line["run"], line["rank"], line["program"]) == (
        "open",
        1,
        "run",
        3,
        "assay test",
    )
    assert file.path.name.startswith("3-")


def test_two_files_of_the_same_second_have_different_names(tmp_path):
    assert SpoolFile(tmp_path, 0, "a").path != SpoolFile(tmp_path, 0, "a").path


def test_a_last_line_without_its_newline_waits(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_bytes(b'{"k":"beat","t":1}\n{"k":"beat","t"')
    chunk = read_spool(path)
    assert (chunk.lines, chunk.offset, chunk.damaged) == ([{"k": "beat", "t": 1}], 19, 0)
    path.write_bytes(b'{"k":"beat","t":1}\n{"k":"beat","t":2}\n')
    assert read_spool(path, chunk.offset).lines == [{"k": "beat", "t": 2}]


def test_damaged_lines_are_counted_and_skipped(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_bytes(b'{"k":"beat","t":1}\n\x00\xff garbage\n[1]\n{"no":"kind"}\n{"k":"beat","t":2}\n')
    chunk = read_spool(path)
    assert [line["t"] for line in chunk.lines] == [1, 2]
    assert chunk.damaged == 3


def test_a_line_longer_than_the_limit_is_read_whole(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_bytes(encode({"k": "event", "message": "x" * 5000}) + encode({"k": "beat"}))
    first = read_spool(path, limit=1000)
    assert [len(line["message"]) for line in first.lines] == [5000]
    assert read_spool(path, first.offset, limit=1000).lines == [{"k": "beat"}]


@pytest.mark.parametrize("limit", [100, 1000, 10_000])
def test_a_line_that_is_too_long_is_damaged_once_and_those_after_it_are_read(tmp_path, monkeypatch, limit):
    monkeypatch.setattr("assay.spool.LONGEST_LINE", 1000)
    path = tmp_path / "s.jsonl"
    path.write_bytes(encode({"k": "a"}) + encode({"k": "event", "message": "x" * 5000}) + encode({"k": "b"}))
    lines, damaged, offset = [], 0, -1
    while offset < (chunk := read_spool(path, max(offset, 0), limit)).offset:
        lines, damaged, offset = lines + chunk.lines, damaged + chunk.damaged, chunk.offset
    assert (lines, damaged, offset) == ([{"k": "a"}, {"k": "b"}], 1, path.stat().st_size)


def test_a_line_without_an_end_is_left_out_as_it_grows_and_no_byte_of_it_is_read_twice(tmp_path, monkeypatch):
    monkeypatch.setattr("assay.spool.LONGEST_LINE", 1000)
    path = tmp_path / "s.jsonl"
    path.write_bytes(b"x" * 999)
    assert read_spool(path, limit=100) == ([], 0, 0)
    path.write_bytes(b"x" * 1500)
    assert read_spool(path, limit=100) == ([], 1000, 1)
    assert read_spool(path, 1000, limit=100) == ([], 1100, 0)
    # What looks like a line of its own is still the rest of that one.
    path.write_bytes(b"x" * 1500 + encode({"k": "a"}) + encode({"k": "b"}))
    assert read_spool(path, 1500) == ([{"k": "b"}], 1520, 0)


def test_the_longest_line_is_read(tmp_path):
    path = tmp_path / "s.jsonl"
    longest = {"k": "event", "m": "x" * (LONGEST_LINE - 21)}
    path.write_bytes(encode(longest) + encode({"k": "event", "m": "x" * (LONGEST_LINE - 20)}) + encode({"k": "b"}))
    first = read_spool(path, limit=1 << 20)
    assert (first.lines == [longest], first.offset) == (True, LONGEST_LINE)
    second = read_spool(path, first.offset, limit=1 << 20)
    assert (second.damaged, read_spool(path, second.offset).lines) == (1, [{"k": "b"}])


def test_an_opening_is_that_of_four_lines_however_long_they_are_and_however_much_follows(tmp_path):
    path = tmp_path / "s.jsonl"
    lines = [{"k": "open"}, {"k": "run", "fields": "x" * 300_000}, {"k": "beat"}, {"k": "beat"}]
    path.write_bytes(b"".join(map(encode, lines)) + encode({"k": "end"}) * 100_000)
    assert read_opening(path) == lines
    path.write_bytes(b"x" * 300_000)
    assert read_opening(path) == []


def test_a_write_that_fails_half_way_goes_on_where_it_stopped(tmp_path, monkeypatch):
    file = SpoolFile(tmp_path, 0, "a")
    real_write, calls = __import__("os").write, []

    def half_then_full(descriptor, data):
        calls.append(len(data))
        if len(calls) == 1:
            return real_write(descriptor, data[:7])
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return real_write(descriptor, data)

    monkeypatch.setattr("assay.spool.os.write", half_then_full)
    line, other = encode({"k": "event", "message": "one"}), encode({"k": "event", "message": "two"})
    with pytest.raises(OSError, match="No space"):
        file.write(line + other)
    assert file.unwritten == line + other
    file.write(b"")
    assert [item.get("message") for item in read_spool(file.path).lines] == [None, "one", "two"]
    assert file.unwritten == b""
