"""The commands that score models and their texts."""
