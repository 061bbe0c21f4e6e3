"""Arithmetic of the forward pass, and the loss scale that fp16 needs.

torch's own autocast and GradScaler on every device: Accelerate leaves fp16 on a processor out without
a word.
"""

from contextlib import AbstractContextManager
from typing import Any

import torch

__all__ = ["Precision"]

SMALLEST_SCALE = 1.0
"""At it a gradient that is no number is none because of its scale: it does not fit unscaled."""

_TYPES = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


class Precision:
    """How numbers are computed; with fp16, losses are scaled so that small gradients do not vanish."""

    def __init__(self, name: str, device: torch.device) -> None:
        """Compute in `name`: fp32, bf16 or fp16."""
        self.name, self._device, self._dtype = name, device.type, _TYPES[name]
        self._scaler = torch.amp.GradScaler(device.type, enabled=name == "fp16")

    @property
    def loss_scale(self) -> float | None:
        """The scale of the loss; None where none is used."""
        return self._scaler.get_scale() if self._scaler.is_enabled() else None

    @property
    def can_shrink(self) -> bool:
        """Whether a smaller scale may yet bring back a gradient that is no number."""
        return self._scaler.is_enabled() and self._scaler.get_scale() > SMALLEST_SCALE

    def autocast(self) -> AbstractContextManager[Any]:
        """Compute a forward pass in this precision."""
        return torch.autocast(self._device, self._dtype, enabled=self._dtype is not None)

    def scaled(self, loss: torch.Tensor) -> torch.Tensor:
        """The loss to go backward from."""
        return self._scaler.scale(loss)

    def unscale(self, optimizer: torch.optim.Optimizer) -> None:
        """Bring the gradients back to their true size."""
        if self._scaler.is_enabled():
            self._scaler.unscale_(optimizer)

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """Let the optimizer step, and the scale grow after many steps without overflow."""
        self._scaler.step(optimizer)
        self._scaler.update()

    def skip(self) -> None:
        """No step was taken: the scale is halved where that was for an overflow."""
        if self._scaler.is_enabled():
            self._scaler.update()

    def begin_at(self, scale: float | None, interval: int | None) -> None:
        """Set the scale, and the steps without overflow after which it doubles; None leaves one as it is."""
        if not self._scaler.is_enabled():
            return
        if interval is not None:
            self._scaler.set_growth_interval(interval)
        if scale is not None:
            self._scaler.load_state_dict({**self._scaler.state_dict(), "scale": scale, "_growth_tracker": 0})

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps of the scale; empty where there is none."""
        return self._scaler.state_dict()

    def restore(self, state: dict[str, Any]) -> None:
        """Go on with a kept scale; without one, begin with a new one."""
        if self._scaler.is_enabled():
            self._scaler.load_state_dict(state or torch.amp.GradScaler(self._device).state_dict())
