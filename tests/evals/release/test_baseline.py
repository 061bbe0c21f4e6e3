"""What a folder would take the place of: today's release, but for a folder that was released itself."""

from evals.release.restoring import restore
from tests.evals.gate.passing import export_folder, record_proposal


def of(world, candidate):
    return world._replace(made=world.made._replace(candidate=candidate))


def in_a_new_folder(world, candidate):
    """The checkpoint built once more, into other files."""
    world = of(world, candidate)
    changed = {"generation_config_json": '{"do_sample": true}'}
    record_proposal(world.made, export_folder(world.store, candidate, suffix="-new", **changed), [world.made.campaign])
    return world.look()


def found(seen):
    return {one.name: (one.result, one.sentence) for one in seen.checks}


def test_a_folder_that_was_released_keeps_what_it_took_the_place_of(superseded):
    assert of(superseded, "triage@400").look().live is None
    assert of(superseded, "triage@600").look().live[:2] == (1, "triage@400")


def test_a_new_folder_of_an_old_release_is_compared_with_what_is_live(superseded):
    seen = in_a_new_folder(superseded, "triage@400")
    assert (seen.decision, seen.live[:2]) == ("fail", (2, "triage@600"))
    checks = found(seen)
    assert checks["not_worse/letters"] == ("fail", "scores.worse")
    assert checks["campaign"] == ("fail", "campaign.baseline")


def test_a_new_folder_of_what_is_live_is_the_same_model_and_keeps_its_baseline(superseded):
    seen = in_a_new_folder(superseded, "triage@600")
    assert seen.live[:2] == (1, "triage@400")
    assert found(seen)["campaign"] == ("pass", "campaign.closed")


def test_what_was_put_back_is_what_others_are_compared_with(superseded):
    restore(superseded.store, superseded.made.sun, "v1", reason="v2 is worse")
    assert in_a_new_folder(superseded, "triage@600").live[:2] == (1, "triage@400")
    assert in_a_new_folder(superseded, "triage@400").live is None


def test_another_environment_has_its_own(superseded):
    assert of(superseded, "triage@400").look("test").live is None
