"""Real trouble, found and mended by the real guard: each with one seed here; the bench has more."""

import pytest

from tests.trainer.troubled import HEALTHY, STEPS, make_base, train
from tests.trainer.troubles import LONG, TROUBLES


def cases():
    """Trouble and seed of each test: one seed of each here, another where slow tests run, but of long runs."""
    for trouble in TROUBLES:
        yield pytest.param(trouble, 0, id=f"{trouble.name}-0")
        if trouble.wrong is not LONG:
            yield pytest.param(trouble, 1, id=f"{trouble.name}-1", marks=[pytest.mark.slow])


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return make_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def twin(base, tmp_path_factory):
    """Gives what a run comes to without trouble; it has to have none."""
    known = {}

    def twin_of(setup, seed):
        key = (seed, *sorted(setup.items()))
        if key not in known:
            known[key] = train(HEALTHY, setup, seed, base, tmp_path_factory.mktemp("twin") / "run")
        assert known[key].alarms == []
        assert known[key].taken == STEPS
        return known[key]

    return twin_of


@pytest.mark.parametrize(("trouble", "seed"), list(cases()))
def test_real_trouble_is_found_in_time_and_the_model_is_none_the_worse(trouble, seed, base, twin, tmp_path):
    healthy = twin(trouble.setup, seed)
    found = train(trouble, {**trouble.setup, **trouble.wrong}, seed, base, tmp_path / "run")
    if trouble.alarm is None:
        assert (found.alarms, found.rungs) == ([], []), found.said
    else:
        assert found.first_alarm is not None, "no step was skipped or undone"
        assert 0 <= found.first_alarm - trouble.since <= trouble.within, found.said
        assert trouble.alarm in {alarm["action"] for alarm in found.alarms}, found.said
        # Whoever goes back tries it unchanged first; whoever only skips tries nothing.
        assert found.rungs[:1] == (["control"] if trouble.alarm == "rollback" else []), found.said
    if trouble.asks is not None:
        assert found.asked == trouble.asks, found.said
    if trouble.asks:
        assert found.rungs == ["control", "leave-out", "slower", "remedies"]
        assert found.safe, "there must be a place to go back to"
    assert trouble.hurts * healthy.loss <= found.loss <= trouble.worse * healthy.loss, found.said
    if trouble.causes:
        assert found.causes, found.said
        assert set(found.causes) <= set(trouble.causes), found.said
