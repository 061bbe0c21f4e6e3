"""Several processes that train one model: rank 0 runs the loop of `trainer.train` and tells the others what to do.

So there is one decision for all of them, by construction: the others neither look at the data, nor at the store, nor at
the loss. They hold their copy of the model (DDP) or their part of it (FSDP), and obey (see `following`).
"""
