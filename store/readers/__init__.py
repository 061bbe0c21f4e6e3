"""Readers of other programs' logs: one set for watch, import and detect.

A `Source` is polled again and again while its file grows; `read_points` gives all points of a log at
once. Readers never write, and know nothing of the store.
"""

from store.readers.find import FORMATS, Found, find_source, read_points
from store.readers.point import Batch, Facts, Point, Source

__all__ = ["FORMATS", "Batch", "Facts", "Found", "Point", "Source", "find_source", "read_points"]
