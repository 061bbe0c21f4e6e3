"""The errors meant for people: one sentence that says what, where and what to do next.

Everything else that is raised is a bug and keeps its traceback.
"""

__all__ = ["AssayError"]


class AssayError(Exception):
    """A problem the person at the keyboard can mend; the command line prints it and exits 2."""
