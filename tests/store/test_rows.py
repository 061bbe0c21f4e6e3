"""Rows of a read as Python has them, of a store that is here and of one on a server."""

import math

import pytest

from store.database import Store


@pytest.fixture
def store(tmp_path):
    made = Store.at(tmp_path / "assay.duckdb")
    made.create()
    return made


KINDS_OF_VALUES = """
SELECT 1::INTEGER AS i, 2::BIGINT AS b, 0.5::DOUBLE AS d, 'nan'::DOUBLE AS odd, NULL::VARCHAR AS nothing, '文' AS words,
       true AS yes, TIMESTAMP '2026-11-30 12:00:00.123456' AS at, DATE '2026-11-30' AS day, [1, 2] AS many,
       {'a': 1, 'b': [0.5::DOUBLE]} AS parts, '\\x00\\xff'::BLOB AS bytes, json_object('a', 1) AS data
"""


def test_rows_are_what_the_table_of_a_read_holds(store):
    [row] = store.rows(KINDS_OF_VALUES)
    [same] = store.read(KINDS_OF_VALUES).to_pylist()
    assert math.isnan(row.pop("odd"))
    assert math.isnan(same.pop("odd"))
    assert row == same
    assert {name: type(value) for name, value in row.items()} == {name: type(value) for name, value in same.items()}
    assert store.rows("SELECT 1 AS one WHERE false") == []


def test_a_sum_in_rows_is_a_whole_number(store):
    [row] = store.rows("SELECT sum(i) AS total FROM range(3) t(i)")
    assert (row["total"], type(row["total"])) == (3, int)
