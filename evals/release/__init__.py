"""Releases: what is live where, the papers that prove it, and how to check them without this machine."""
