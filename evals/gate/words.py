"""What the gate's checks say, in English; the dashboard has the same keys in Chinese and English."""

from collections.abc import Mapping

__all__ = ["SAYS"]

SAYS: Mapping[str, str] = {
    "files.whole": "every file of the checkpoint is there, as it was sealed",
    "files.gone": "the checkpoint's folder {path} is gone; put it back, or propose another checkpoint",
    "files.changed": "the checkpoint is not what was sealed: {what}",
    "proposal.none": "no folder was built to be released; propose it: assay gate check {candidate}",
    "proposal.whole": "the folder to be released is {digest}, built from this checkpoint",
    "proposal.gone": "the folder that was built to be released is gone; propose it again: assay gate check {candidate}",
    "proposal.changed": "the folder to be released is not what was built: {what}",
    "digests.known": "base, tokenizer, data, chat template and generation config are known by their digests",
    "digests.unknown": "the digest of {what} is not known, so it cannot be said what would be released",
    "answers.same": "the folder gives all {n} answers of the campaign again, practice and pairs nobody judged included",
    "answers.differ": "the folder gives {differing} of the {n} answers of the campaign differently ({share})",
    "answers.none": "the folder was not asked the campaign's questions again; propose it: assay gate check {candidate}",
    "stable.yes": "the checkpoint is safe to return to",
    "stable.waived": "the checkpoint is complete; the policy does not ask for steps without a spike since",
    "stable.not": "too few steps have passed without a spike since the checkpoint, so it is not safe to return to yet",
    "stable.suspect": "the guard marked the checkpoint as after the spike",
    "stable.parent.suspect": "the guard marked {name}, which the training goes back to, as after the spike",
    "stable.parent.sealed": "too few steps have passed without a spike since {name}, which the training goes back to",
    "alarms.none": "no alarm is open",
    "alarms.open": "an alarm of {run} at step {step} is open: {message}; look at it and write a note, or roll back",
    "alarms.more": "{n} alarms are open, the newest of {run} at step {step}: {message}",
    "exact.proved": "steps that were done again came to the same numbers, bit for bit ({n} times)",
    "exact.not": "steps that were done again did not come to the same numbers ({differing} of {n} times)",
    "exact.unknown": "no step was ever done again, so that exactness was not tried",
    "exact.waived": "{said}; the policy does not ask for it",
    "scores.none": "no suite that measures what was to be learned was scored: assay eval {candidate} --suite FILE",
    "scores.missing": "suite {suite} was not scored: assay eval {candidate} --suite FILE",
    "scores.base": "what the run began with was not put to suite {suite}: assay eval {candidate} --suite FILE",
    "scores.base.instead": "what the run began with was put to another suite called {suite} ({other}, {asked} items), "
    "not to this one ({digest}, {n} items): assay eval {candidate} --suite FILE",
    "scores.live": "v{version}, which is live, was not put to suite {suite}: assay eval {baseline} --suite FILE",
    "scores.live.instead": "v{version}, which is live, was put to another suite called {suite} ({other}, {asked} "
    "items), not to this one ({digest}, {n} items): assay eval {baseline} --suite FILE",
    "scores.leaked": "every item of suite {suite} stands in the training data, so that nothing was tested",
    "scores.gained": "{metric} of {suite} ({digest}, {n} items) is {difference} ({low} … {high}) over what the run "
    "began with",
    "scores.unsure": "{metric} of {suite} ({digest}, {n} items) is {difference} ({low} … {high}) over what the run "
    "began with: not surely more than {limit}; more items would tell",
    "scores.lost": "{metric} of {suite} ({digest}, {n} items) is {difference} ({low} … {high}) over what the run began "
    "with: no gain",
    "scores.kept": "{metric} of {suite} ({digest}, {n} items) is {difference} ({low} … {high}) over live v{version}",
    "scores.kept_unsure": "{metric} of {suite} ({digest}, {n} items) is {difference} ({low} … {high}) over live "
    "v{version}: not surely within {limit} points; more items would tell",
    "scores.worse": "{metric} of {suite} ({digest}, {n} items) is {difference} ({low} … {high}) over live v{version}: "
    "{limit} points allowed",
    "forgetting.none": "no suite of questions that must be kept was asked: assay eval {candidate} --suite FILE",
    "forgetting.missing": "suite {suite} was not asked: assay eval {candidate} --suite FILE",
    "forgetting.base": "what the run began with was not asked suite {suite}: assay eval {candidate} --suite FILE",
    "forgetting.base.instead": "what the run began with was asked another suite called {suite} ({other}, {asked} "
    "items), not this one ({digest}, {n} items): assay eval {candidate} --suite FILE",
    "forgetting.leaked": "every question of suite {suite} stands in the training data, so that nothing was tested",
    "forgetting.kept": "{suite} ({digest}, {n} items): at most {bound} points lost, {margin} allowed",
    "forgetting.unsure": "{suite} ({digest}, {n} items): {drop} points lost, perhaps {bound}, {margin} allowed; more "
    "questions would tell",
    "forgetting.lost": "{suite} ({digest}, {n} items): {drop} points lost, {margin} allowed",
    "leaks.clean": "none of {n} items stands in the training data",
    "leaks.some": "{leaked} of {n} items stand in the training data and are left out of the results",
    "leaks.many": "{suite}: {leaked} of {n} items stand in the training data, more than {limit} allowed",
    "leaks.unchecked": "suite {suite} was not looked for in the training data: assay eval {candidate} --suite FILE, "
    "with the data where it was",
    "leaks.none": "no suite was scored, so that none was looked for in the training data",
    "campaign.none": "no expert has judged it: assay review open --candidate {candidate} --baseline {baseline} "
    "--questions FILE",
    "campaign.open": "campaign {name} is still open: {judged} pairs are judged",
    "campaign.closed": "campaign {name} is over: {judged} pairs judged against {against}",
    "campaign.baseline": "campaign {name} judged it against {against}, and not against {baseline}, which is what it "
    "would take the place of",
    "policy.same": "checked by the policy that the campaign was opened with",
    "policy.changed": "this policy is not the one that campaign {name} was opened with: a policy is fixed before the "
    "first verdict; check by that one, or open another campaign",
    "experts.superior": "experts prefer it: {wins} : {ties} : {losses}, strength {evidence} ({decides} decides)",
    "experts.not_worse": "experts find it not worse by more than {margin}: {wins} : {ties} : {losses}",
    "experts.futile": "experts do not find it better, and more pairs would not change that: {wins} : {ties} : {losses}",
    "experts.harm": "experts find it worse: {wins} : {ties} : {losses}",
    "experts.inconclusive": "the campaign ended undecided: {wins} : {ties} : {losses}",
    "experts.continue": "nothing is decided yet after {n} pairs",
    "experts.counted": "{said}; decided by the first {n} pairs, the {later} judged beyond them do not count",
    "experts.elsewhere": "campaign {name} of the same checkpoint found it worse",
    "experts.none": "no verdict counts yet",
    "blinding.held": "guesses which answer was the new model's are no better than chance ({guesses} asked)",
    "blinding.broken": "graders knew which answer was the new model's: index {index}, {limit} allowed",
    "blinding.few": "only {guesses} guesses were asked for, too few to tell whether graders were blind",
    "blinding.none": "no grader was asked which answer was the new model's",
    "agreement.good": "alpha {alpha} on {items} shared pairs",
    "agreement.poor": "alpha {alpha} on {items} shared pairs, above {limit} wanted",
    "agreement.undefined": "all verdicts on shared pairs are the same, which says nothing of agreement beyond that",
    "agreement.none": "no pair was judged by two graders",
    "agreement.waived": "not known; the policy waives it",
    "position.within": "the side an answer stood on did not matter (z = {z})",
    "position.beyond": "the side an answer stood on mattered (z = {z}, {limit} allowed)",
    "position.none": "no pair was decided, so that nothing is known of sides",
    "graders.enough": "graders who judged: {n}, {limit} wanted",
    "graders.few": "graders who judged: {n}, {limit} wanted",
    "specialties.enough": "fields judged: {n}, {limit} wanted",
    "specialties.few": "fields judged: {n}, {limit} wanted",
    "skips.few": "{skipped} of {n} pairs were skipped for good",
    "skips.many": "{skipped} of {n} pairs were skipped for good, {limit} allowed",
    "critical.within": "{errors} of {n}, at most {upper}",
    "critical.unsure": "{errors} of {n}, perhaps {upper}, {limit} allowed; more pairs would tell",
    "critical.many": "{errors} of {n}, {limit} allowed",
    "critical.none": "no pair is judged, so that nothing is known of critical errors",
    "genuine.yes": "every verdict is a person's who had seen no result",
    "genuine.demo": "demo store: {simulated} verdicts were made up by a program, {unblinded} came after seeing results",
    "genuine.simulated": "the campaign's verdicts were made up by a program",
    "genuine.unblinded": "{unblinded} verdicts came from people who had seen results",
    "clock.forward": "the clock never went backwards",
    "clock.backwards": "the clock went backwards at row {seq} of the audit log, so that times cannot be relied on; see "
    "assay db audit verify",
}
"""A sentence for each way a check can end; `{…}` are the check's words."""
