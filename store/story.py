"""What the story of a demo calls its parts: the demo names them so, and the story bar finds them by it."""

__all__ = ["ALONE", "GUARDED", "PART", "SECOND", "TRIAGE", "WATCHED"]

TRIAGE, ALONE, WATCHED, GUARDED = "demo-triage", "demo-triage-only", "demo-watched", "demo-guarded"
"""The runs that the story shows; those of a second telling are called the same with -2 at the end."""

PART = "story"
"""Where the facts of a campaign say which part of the story it is."""

SECOND = "second"
"""The campaign that a newcomer judges: of the newest checkpoint, which is to take the place of the first release."""
