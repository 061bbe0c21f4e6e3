"""The store: one DuckDB file of all runs, and everything that reads or writes it."""
