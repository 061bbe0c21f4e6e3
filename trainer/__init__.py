"""Fine-tuning as a sequence of transactions."""
