"""CSV logs and what is wrong with them in the wild; real loss curves, exactly."""

import math
import os
import time
from pathlib import Path

import pytest

from store.readers import Point, read_points
from store.readers.table import TableSource

LOGS = Path(__file__).parents[3] / ".." / "shared" / "data" / "loss_logs"


def table(folder: Path, text: str | bytes, name: str = "log.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def polled(source: TableSource) -> list[Point]:
    return [point for batch in source.poll() for point in batch.points]


def real_log(name: str) -> Path:
    if not (LOGS / name).is_file():
        pytest.skip(f"needs the real loss log {name}")
    return LOGS / name


@pytest.mark.parametrize(
    "text",
    [
        "step,loss,learning_rate\n1,2.5,0.1\n2,2.0,0.2\n",
        "Iteration;Train Loss;lr\n1;2.5;0.1\n2;2.0;0.2\n",
        "loss\tglobal_step\tLR\r\n2.5\t1\t0.1\r\n2.0\t2\t0.2\r\n",
        "\ufeffstep, loss, lr\n1, 2.5, 0.1\n\n2.0, 2.0, 0.2\n",
        '# by hand\n"step","loss","lr"\n"1","2.5","0.1"\n"2","2.0","0.2"\n',
    ],
)
def test_however_a_table_is_spelled_its_points_are_the_same(tmp_path, text):
    expected = [Point(1, {"loss": 2.5, "lr": 0.1}), Point(2, {"loss": 2.0, "lr": 0.2})]
    assert list(read_points(table(tmp_path, text))) == expected


def test_empty_cells_are_left_out_and_numbers_that_are_none_are_kept(tmp_path):
    path = table(tmp_path, "step,loss,eval_loss\n1,nan,\n1,,2.25\n2,-inf,None\n3,,\n")
    points = list(read_points(path))
    assert math.isnan(points[0].values.pop("loss"))
    assert points == [Point(1, {}), Point(1, {"val_loss": 2.25}), Point(2, {"loss": -math.inf})]


def test_a_table_of_a_trainers_history_has_its_summary_apart(tmp_path):
    """What `pandas.DataFrame(state.log_history).to_csv()` writes."""
    text = ",loss,grad_norm,epoch,step,eval_loss,train_runtime,train_loss\n"
    text += "0,2.5,1.5,0.5,10,,,\n1,,,0.5,10,2.25,,\n2,,,1.0,20,,33.5,1.875\n"
    source = TableSource(table(tmp_path, text))
    assert polled(source) == [
        Point(10, {"loss": 2.5, "grad_norm": 1.5, "epoch": 0.5}),
        Point(10, {"val_loss": 2.25, "epoch": 0.5}),
    ]
    assert source.facts.summary == {"": 2.0, "epoch": 1.0, "train_runtime": 33.5, "train_loss": 1.875}
    assert source.facts.ended


def test_two_columns_that_claim_one_name_are_both_kept(tmp_path):
    path = table(tmp_path, "step,train_loss,loss,val_loss,eval_loss\n1,4,3,2,1\n")
    values = {"train_loss": 4.0, "loss": 3.0, "val_loss": 2.0, "eval_loss": 1.0}
    assert list(read_points(path)) == [Point(1, values)]


def test_texts_with_commas_quotes_and_line_ends_stay_in_their_cells(tmp_path):
    text = 'step,sample,loss\n1,"他说，""好, 吧""\n再见",2.5\n2,3" 管,2.0\n3,"x",1.5\n'
    expected = [Point(1, {"loss": 2.5}), Point(2, {"loss": 2.0}), Point(3, {"loss": 1.5})]
    assert list(read_points(table(tmp_path, text))) == expected


def test_tables_put_behind_one_another_are_read_each_by_its_own_header(tmp_path):
    path = table(tmp_path, "step,loss\n1,2.5\n2,2.0\nstep,lr,loss\n1,0.1,9.0\n")
    expected = [Point(1, {"loss": 2.5}), Point(2, {"loss": 2.0}), Point(1, {"lr": 0.1, "loss": 9.0})]
    assert list(read_points(path)) == expected


def test_rows_without_a_step_are_counted_and_the_first_is_named(tmp_path):
    source = TableSource(table(tmp_path, "step,loss\n1,2.5\n,2.0\n1.5,2.0\n-1,2.0\n2\n3,1.5\n"))
    assert [point.step for point in polled(source)] == [1, 3]
    assert source.facts.skipped == 3
    assert source.facts.rows == 6
    assert source.facts.first_skipped == "log.csv line 3: no step"


def test_the_loss_of_a_row_of_validation_is_the_validation_loss(tmp_path):
    source = TableSource(table(tmp_path, "step,loss,grad_norm,split\n1,2.5,0.3,train\n1,3.0,0.3,val\n2,1.5,0.2,x\n"))
    assert polled(source) == [
        Point(1, {"loss": 2.5, "grad_norm": 0.3}),
        Point(1, {"val_loss": 3.0}),
        Point(2, {"loss": 1.5, "grad_norm": 0.2}),
    ]
    assert source.facts.validation == 1


def test_a_loss_that_is_no_number_is_counted_and_an_empty_one_is_not(tmp_path):
    source = TableSource(table(tmp_path, "step,loss,lr\n1,2.5,0.1\n2,,0.1\n3,N/A,0.1\n4,nan,0.1\n5,2.5e,0.1\n"))
    assert [point.step for point in polled(source)] == [1, 2, 3, 4, 5]
    assert (source.facts.skipped, source.facts.first_skipped) == (1, "log.csv line 6: loss '2.5e' is no number")


def test_a_last_line_that_may_be_torn_is_left_until_the_file_is_at_rest(tmp_path):
    path = table(tmp_path, "step,loss\n1,2.5\n2,2.0")
    source = TableSource(path)
    assert [point.step for point in polled(source)] == [1]
    long_ago = time.time() - 3600
    os.utime(path, (long_ago, long_ago))
    assert polled(source) == [Point(2, {"loss": 2.0})]
    assert polled(source) == []
    with path.open("a") as file:
        file.write("\n3,1.5\n")
    assert polled(source) == [Point(3, {"loss": 1.5})]


def test_a_line_that_was_torn_after_all_is_read_again_with_all_before_it(tmp_path):
    path = table(tmp_path, "step,loss\n1,2.5\n2,2.0")
    os.utime(path, (0, 0))
    source = TableSource(path)
    polled(source)
    with path.open("a") as file:
        file.write("31\n")
    [batch] = source.poll()
    assert batch.restart
    assert batch.points == [Point(1, {"loss": 2.5}), Point(2, {"loss": 2.031})]


def test_a_table_rewritten_with_a_column_more_is_read_from_its_beginning(tmp_path):
    """As Lightning's CSVLogger does when a metric is logged for the first time."""
    source = TableSource(table(tmp_path, "step,loss\n1,2.5\n"))
    before = polled(source)
    table(tmp_path, "step,loss,val_loss\n1,2.5,\n1,,3.0\n")
    [batch] = source.poll()
    assert batch.restart
    assert batch.points == [*before, Point(1, {"val_loss": 3.0})]


def test_a_whole_epoch_of_gpt2_is_read(tmp_path):
    points = list(read_points(real_log("gpt2_124m_one_epoch.csv")))
    assert [point.step for point in points] == list(range(19_073))
    assert points[0] == Point(0, {"loss": 10.95501, "grad_norm": 15.3421})
    assert points[-1] == Point(19_072, {"loss": 3.08329, "grad_norm": 0.3197})


def test_a_run_that_is_not_a_number_from_its_first_step_stays_so():
    points = list(read_points(real_log("gpt2_nan_from_start.csv")))
    assert [point.step for point in points] == list(range(1, 2001))
    assert all(math.isnan(value) for point in points for value in point.values.values())
    assert all(point.values.keys() == {"loss", "grad_norm"} for point in points)


def test_a_log_whose_steps_go_back_is_read_in_its_own_order():
    steps = [point.step for point in read_points(real_log("bigscience_104b_divergence.csv"))]
    assert steps[:5] == [7000, 7010, 7220, 6900, 6910]
    assert steps[8:] == [11446, 11447, 11448, 8738, 8739, 8740, 8741, 8742, 8743, 9026]
