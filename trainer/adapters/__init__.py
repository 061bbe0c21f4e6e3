"""Assay in a training loop that is not ours: `transformers.Trainer`, and TRL's trainers, which are made of it.

    from trainer.adapters import AssayCallback, AssayMixin

    class Trainer(AssayMixin, transformers.Trainer): ...

    Trainer(model, args, train_dataset=rows, callbacks=[AssayCallback("my-run")]).train()

The callback alone records what the host logs; with the mixin each step is seen. `docs/adapters.md` says what that is.
"""

from trainer.adapters.callback import AssayCallback
from trainer.adapters.mixin import AssayMixin

__all__ = ["AssayCallback", "AssayMixin"]
