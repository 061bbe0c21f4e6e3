"""The gate: what a checkpoint's evidence must show before it is released."""
