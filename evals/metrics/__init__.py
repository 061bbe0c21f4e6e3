"""How near a text is to the one that was wanted: BLEU, chrF, ROUGE, exact match, F1, and metrics of your own."""
