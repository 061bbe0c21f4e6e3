"""Names of the text metrics as people read them."""

__all__ = ["TITLES"]

TITLES = {
    "bleu": "BLEU", "chrf": "chrF", "rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougeL": "ROUGE-L",
    "exact_match": "exact match", "f1": "F1",
}  # fmt: skip
"""By the names in results."""
