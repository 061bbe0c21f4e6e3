"""What the pages draw: a table in, a chart out; nothing here reads or knows a page."""
