"""What verdicts of blind review prove: scores, evidence, bounds, agreement, bias. Pure functions, numbers only."""
