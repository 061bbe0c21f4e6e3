"""What can be wrong with training data: one module a kind of check, each pure functions over rows."""
