"""synoptax.learn.networks.FourierOperator in PyTorch, as it is usually written, and its training step.

Runs in `.venv-peers`. Real FFTs, one complex weight per mode, 1x1 convolutions; `--matrices` transforms by the same
matrix products as ours instead.
"""

import math

import torch
from torch import nn

from .torch_step import gelu, serve_steps


class Spectral(nn.Module):
    """The lowest modes times a complex matrix each; the weights of negative wavenumbers in y come first."""

    def __init__(self, width: int, modes: tuple[int, int], matrices: bool):
        super().__init__()
        rows = (2 * modes[0] - 1, modes[1], width, width)
        self.real = nn.Parameter(torch.empty(rows))
        self.imaginary = nn.Parameter(torch.empty(rows))
        self.modes, self.matrices = modes, matrices

    def forward(self, field: torch.Tensor) -> torch.Tensor:
        return self.by_matrices(field) if self.matrices else self.by_fft(field)

    def by_fft(self, field: torch.Tensor) -> torch.Tensor:
        my, mx = self.modes
        ny, nx = field.shape[-2:]
        weight = torch.complex(self.real, self.imaginary)
        waves = torch.fft.rfft2(field, norm="forward")
        out = torch.zeros_like(waves)
        out[:, :, :my, :mx] = torch.einsum("bilk,lkio->bolk", waves[:, :, :my, :mx], weight[my - 1 :])
        if my > 1:
            out[:, :, 1 - my :, :mx] = torch.einsum("bilk,lkio->bolk", waves[:, :, 1 - my :, :mx], weight[: my - 1])
        return torch.fft.irfft2(out, s=(ny, nx), norm="forward")

    def by_matrices(self, field: torch.Tensor) -> torch.Tensor:
        my, mx = self.modes
        ny, nx = field.shape[-2:]
        x = 2 * math.pi / nx * torch.outer(torch.arange(nx), torch.arange(mx))
        y = 2 * math.pi / ny * torch.outer(torch.arange(ny), torch.arange(1 - my, my))
        c, s, cx, sx = torch.cos(y), torch.sin(y), torch.cos(x), torch.sin(x)
        twice = torch.where(torch.arange(mx) == 0, 1.0, 2.0)
        a, b = field @ (cx / (nx * ny)), field @ (-sx / (nx * ny))
        real = torch.einsum("biyk,yl->lkbi", a, c) + torch.einsum("biyk,yl->lkbi", b, s)
        imaginary = torch.einsum("biyk,yl->lkbi", b, c) - torch.einsum("biyk,yl->lkbi", a, s)
        both = torch.cat([real, imaginary], 2)
        first, second = both @ self.real, both @ self.imaginary
        n = field.shape[0]
        real, imaginary = first[:, :, :n] - second[:, :, n:], first[:, :, n:] + second[:, :, :n]
        a = torch.einsum("lkbo,yl->boyk", real, c) - torch.einsum("lkbo,yl->boyk", imaginary, s)
        b = torch.einsum("lkbo,yl->boyk", imaginary, c) + torch.einsum("lkbo,yl->boyk", real, s)
        return a @ (cx * twice).T - b @ (sx * twice).T


class Block(nn.Module):
    def __init__(self, width: int, modes: tuple[int, int], matrices: bool):
        super().__init__()
        self.spectral = Spectral(width, modes, matrices)
        self.bypass = nn.Conv2d(width, width, 1)

    def forward(self, field: torch.Tensor) -> torch.Tensor:
        return self.spectral(field) + self.bypass(field)


class FourierOperator(nn.Module):
    """Parameters are registered in the order of the fields of the original."""

    def __init__(
        self, inputs: int, outputs: int, *, width: int, modes: tuple[int, int], depth: int, matrices: bool = False
    ):
        super().__init__()
        self.lift = nn.Conv2d(inputs, width, 1)
        self.blocks = nn.ModuleList([Block(width, modes, matrices) for _ in range(depth)])
        self.widen = nn.Conv2d(width, 2 * width, 1)
        self.head = nn.Conv2d(2 * width, outputs, 1)

    def forward(self, field: torch.Tensor) -> torch.Tensor:
        h = self.lift(field)
        for i, block in enumerate(self.blocks):
            h = block(h)
            h = gelu(h) if i + 1 < len(self.blocks) else h
        return self.head(gelu(self.widen(h)))


def _started(start, inputs: int, outputs: int, given) -> FourierOperator:
    my, mx = (int(m) for m in start["modes"])
    size = {"width": int(start["width"]), "modes": (my, mx), "depth": int(start["depth"])}
    return FourierOperator(inputs, outputs, **size, matrices=given.matrices)


if __name__ == "__main__":
    serve_steps(
        _started,
        lambda weight: weight.T[..., None, None].copy() if weight.ndim == 2 else weight,
        flags=("matrices", "compile"),
    )
