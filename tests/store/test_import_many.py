"""A folder of very many finished logs."""

from tests.store.test_import import exits, reported, state

__all__ = ["exits"]


def test_a_folder_of_very_many_files_is_known_again(root, tmp_path, capsys):
    """What is noted of them is longer than what is looked at first."""
    files = [
        state(
            tmp_path / ("long" * 20) / f"checkpoint-{step}" / "trainer_state.json",
            {"step": step, "loss": 2.0},
            step=step,
        )
        for step in range(1, 250)
    ]
    [first] = reported(root, capsys, *files)
    [again] = reported(root, capsys, *files)
    assert (again["run"], again["new_points"], again["imported_before"]) == (first["run"], 0, True)
    assert len([path for path in root.iterdir() if path.is_dir()]) == 1
