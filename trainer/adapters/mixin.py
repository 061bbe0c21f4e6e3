"""The mixin: lets the callback see what is in each step of the host, and lets it go back.

    class Trainer(AssayMixin, transformers.Trainer): ...

It stands first among the classes. While it watches nothing is computed differently for it: losses, gradients and the
order of the data are the host's, to the bit.
"""

from typing import TYPE_CHECKING, Any

import torch

from assay.foreign import attempt
from trainer.adapters.callback import AssayCallback
from trainer.adapters.losses import SampleLosses
from trainer.adapters.rows import number_rows

if TYPE_CHECKING:
    from transformers import Trainer as _Host
else:
    _Host = object

__all__ = ["AssayMixin"]


class AssayMixin(_Host):
    """Put it before `Trainer`, `SFTTrainer` or `DPOTrainer` among the bases of a class."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Make the trainer; an AssayCallback among `callbacks` says how it is recorded, else one is added."""
        self._listener: SampleLosses | None = None
        super().__init__(*arguments, **options)
        found = [item for item in self.callback_handler.callbacks if isinstance(item, AssayCallback)]
        self._assay = found[0] if found else AssayCallback()
        self._assay.host = self
        if not found:
            self.add_callback(self._assay)
            self._assay.on_init_end(self.args, self.state, self.control)

    def train(self, resume_from_checkpoint: str | bool | None = None, *arguments: Any, **options: Any) -> Any:
        """Train as the host does; where the guard or a person wants back, from that checkpoint on again."""
        try:
            done = super().train(resume_from_checkpoint, *arguments, **options)
            while (folder := self._assay.goes_on_from) is not None:
                done = super().train(str(folder), *arguments, **options)
        except BaseException as error:
            self._assay.failed(error)
            raise
        return done

    def get_train_dataloader(self) -> Any:
        """The host's loader, which says which rows its batches hold while it trains."""
        loader = super().get_train_dataloader()
        if self.is_in_train:
            attempt(number_rows, loader)
        return loader

    def get_batch_samples(self, epoch_iterator: Any, *arguments: Any, **options: Any) -> Any:
        """The batches of the next step, as the host makes them."""
        batches, count = super().get_batch_samples(epoch_iterator, *arguments, **options)
        self._assay.begin_step(self.state.global_step + 1, epoch_iterator, batches)
        return batches, count

    def training_step(self, model: Any, inputs: Any, *arguments: Any, **options: Any) -> torch.Tensor:
        """Train on a micro-batch, and note what it came to; one that is left out is not run at all."""
        if self._assay.leaves_out:
            return self._assay.left_out(torch.zeros((), device=self.args.device))
        heard = self._listener = self._assay.listen(self, model, inputs)
        try:
            loss = super().training_step(model, inputs, *arguments, **options)  # pyright: ignore[reportArgumentType] - as given
        finally:
            self._listener = None
            if heard is not None:
                heard.close()
        self._assay.trained(loss, heard)
        return loss

    def compute_loss(self, *arguments: Any, **options: Any) -> Any:
        """The host's loss, which is looked at before it is gone back through."""
        found = super().compute_loss(*arguments, **options)
        if self._listener is not None:
            self._listener.take(found[0] if isinstance(found, tuple) else found)
        return found

    def _get_grad_norm(self, *arguments: Any, **options: Any) -> Any:
        norm = super()._get_grad_norm(*arguments, **options)
        self._assay.measured(norm)
        return norm
