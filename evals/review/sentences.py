"""What experts are told when something cannot be done: fixed sentences, so that none tells what it should not."""

__all__ = [
    "BAD_ANSWER", "BAD_COMMENT", "BAD_CRITERION", "BAD_DRAFT", "BAD_ERROR", "BAD_GUESS", "BAD_PLAN",
    "BAD_QUOTE", "BAD_REASON", "BLANK_CRITERION", "CLOSED", "ELSEWHERE", "FINAL", "JUDGED", "NOBODY", "NOT_JUDGED",
    "NO_CAMPAIGN", "NO_SITTING", "PEEKED", "SITTING_OVER", "SKIPPED", "TAKEN", "UNKNOWN",
]  # fmt: skip

UNKNOWN = "this pair is not known here; load the page again to get yours"
CLOSED = "this review is closed and takes no more verdicts; what you gave before is kept"
NO_CAMPAIGN = "there is no such review; go back to the list of yours"
NOBODY = "a verdict needs a person; log in on the page to judge"
PEEKED = "you have seen results of this review, so you cannot judge in it any more"
NO_SITTING = "no sitting is open; begin one to get pairs"
SITTING_OVER = "the sitting of this pair is over; begin another, and the pair comes back with what you wrote"
TAKEN = "the time of this pair ran out and it went to someone else; what you wrote is kept, go on with the next pair"
FINAL = "this verdict is final, because its sitting is over"
JUDGED = "this pair is judged; change the verdict instead"
NOT_JUDGED = "this pair has no verdict yet; give one first"
ELSEWHERE = "already judged in another window; open it again to change it"
SKIPPED = "this pair was skipped; go on with the next one"
BAD_ANSWER = "a verdict is left, right, tie or both unacceptable; pick one of them"
BAD_CRITERION = "a criterion was answered that this review does not ask for; load the page again"
BLANK_CRITERION = "a criterion is not answered; say which answer is better by each, or that they are the same"
BAD_REASON = "a reason is not one of the list, or is missing or too long; pick or shorten it"
BAD_COMMENT = "the comment is too long; shorten it to 500 characters"
BAD_ERROR = "a critical error needs an answer and a kind of the list; pick both"
BAD_QUOTE = "the sentence of a critical error does not stand in that answer; copy it from there"
BAD_DRAFT = "what was filled in is too long to be kept; shorten it"
BAD_GUESS = "a guess is left, right or unknown; pick one of them"
BAD_PLAN = "a sitting has 1 to 200 pairs; give a number between"
