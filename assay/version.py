"""The program's version, written into every spool, store and manifest."""

__all__ = ["VERSION"]

VERSION = "0.1.0"
