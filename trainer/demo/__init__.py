"""`assay demo`: a small model made and trained on this machine, with sample data of our own."""
