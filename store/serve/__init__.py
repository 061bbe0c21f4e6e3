"""A store for a team: served by DuckDB's own protocol, read with SQL, filled from spools.

`server.py` serves; `door.py` says who may ask what, `reading.py` answers questions, `receiving.py` takes what trainers
deliver, `tokens.py` knows who they are, `ceiling.py` whether its memory is limited. `remote.py` is the other end,
`delivering.py` brings spools to it, `following.py` while they are written; `wire.py` is what both ends agree on. What
this is safe against, and why: docs/design/0026-a-store-for-a-team.md.
"""
