"""The end of a run's log, however long and however it was written."""

import pytest

from store.run_log import LINES, LOG, tail


@pytest.fixture
def write(tmp_path):
    def written(content):
        (tmp_path / LOG).write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path

    return written


def test_where_there_is_no_log_there_is_nothing(tmp_path):
    assert tail(tmp_path) is None
    (tmp_path / LOG).mkdir()
    assert tail(tmp_path) is None


def test_an_empty_log_is_empty_words(write):
    assert tail(write("")) == ""


def test_a_short_log_comes_whole_with_or_without_its_last_newline(write):
    assert tail(write("one\ntwo\n")) == "one\ntwo"
    assert tail(write("one\ntwo")) == "one\ntwo"
    assert tail(write("one\r\ntwo\r\n")) == "one\ntwo"


def test_of_a_long_log_the_last_lines_come(write):
    folder = write("".join(f"line {number}\n" for number in range(1200)))
    assert tail(folder).split("\n") == [f"line {number}" for number in range(1200 - LINES, 1200)]
    assert tail(folder, lines=2) == "line 1198\nline 1199"


def test_no_more_bytes_are_read_than_allowed_and_no_line_is_cut(write):
    folder = write("".join(f"{number:07}\n" for number in range(20_000)))
    found = tail(folder, lines=100_000)
    assert len(found) == 64 * 1024 - 1
    assert tail(folder, most_bytes=20) == "0019998\n0019999"
    assert tail(folder, most_bytes=16) == "0019998\n0019999"


def test_one_endless_line_shows_its_end(write):
    assert tail(write("x" * 100 + "end"), most_bytes=5) == "xxxend"


def test_of_a_line_written_over_the_newest_state_stays_and_commands_go(write):
    assert tail(write("a\n10 %\r\x1b[2K50 %\r\x1b[32m90 %\x1b[0m\nb\x07\n")) == "a\n90 %\nb"


def test_bytes_that_are_no_text_do_not_stop_it(write):
    assert tail(write(b"good\n\xff\xfe bad\n")) == "good\n�� bad"
    assert tail(write("步骤\n完成\n"), most_bytes=8) == "完成"
