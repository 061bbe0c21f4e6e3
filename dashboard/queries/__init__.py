"""What the pages read: SQL with named parameters, each query a function that returns a table."""
