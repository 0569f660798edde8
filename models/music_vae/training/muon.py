"""Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/) for LSTM kernels.

Each gate's columns [in + h, h] are orthogonalised apart, all four in one batch; the update has the size of Adam's
(0.2 root mean square an element, Liu et al. 2025, arXiv 2502.16982), so that one learning rate's scale serves both.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic that moves all singular values towards 1
GATES = 4
RMS = 0.2


def orthogonalise(matrices: Tensor, iterations: int) -> Tensor:
    """The nearest matrices with singular values about 1, of matrices [N, rows, columns]; products in bfloat16."""
    a, b, c = COEFFICIENTS
    x = matrices.bfloat16()
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(iterations):
        gram = x.transpose(1, 2) @ x
        x = a * x + x @ (b * gram + c * (gram @ gram))
    return x.float()


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised; for kernels [in + h, 4h] with the gates side by side."""

    def __init__(
        self,
        kernels: Iterable[Tensor],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.1,
        iterations: int = 4,
    ) -> None:
        super().__init__(
            kernels, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "iterations": iterations}
        )

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for kernel in group["params"]:
                if kernel.grad is None:
                    continue
                state = self.state[kernel]
                buffer = state.setdefault("momentum_buffer", torch.zeros_like(kernel))
                buffer.lerp_(kernel.grad, 1.0 - group["momentum"])
                update = kernel.grad.lerp(buffer, group["momentum"])
                rows, columns = kernel.shape
                gates = update.view(rows, GATES, columns // GATES).transpose(0, 1)
                direction = orthogonalise(gates, group["iterations"]).transpose(0, 1).reshape(rows, columns)
                kernel.mul_(1.0 - group["lr"] * group["weight_decay"])
                kernel.add_(direction, alpha=-group["lr"] * RMS * max(rows, columns // GATES) ** 0.5)
