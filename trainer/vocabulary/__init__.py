"""A model's vocabulary extended by tokens of a corpus, and what that is worth, measured."""
