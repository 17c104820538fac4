"""synoptax.learn.networks.UNet in PyTorch, layer by layer, and its training step. Runs in `.venv-peers`."""

import itertools

import torch
from torch import nn
from torch.nn import functional

from .torch_step import gelu, serve_steps


class Conv(nn.Module):
    """Same-size convolution with replicated edges; stride 2 halves."""

    def __init__(self, inputs: int, outputs: int, size: int = 3, stride: int = 1):
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(outputs, inputs, size, size))
        self.bias = nn.Parameter(torch.empty(outputs))
        self.stride = stride

    def forward(self, field: torch.Tensor) -> torch.Tensor:
        width = self.kernel.shape[-1] // 2
        padded = functional.pad(field, (width,) * 4, mode="replicate") if width else field
        return functional.conv2d(padded, self.kernel, self.bias, self.stride)


class ChannelNorm(nn.Module):
    """Group normalisation."""

    def __init__(self, channels: int):
        super().__init__()
        self.scale = nn.Parameter(torch.empty(channels))
        self.shift = nn.Parameter(torch.empty(channels))
        self.groups = max(g for g in range(1, min(8, channels) + 1) if channels % g == 0)

    def forward(self, field: torch.Tensor) -> torch.Tensor:
        return functional.group_norm(field, self.groups, self.scale, self.shift, eps=1e-5)


class ResidualBlock(nn.Module):
    """Pre-activation residual block."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.first = Conv(inputs, outputs)
        self.second = Conv(outputs, outputs)
        self.norms = nn.ModuleList([ChannelNorm(inputs), ChannelNorm(outputs)])
        self.skip = None if inputs == outputs else Conv(inputs, outputs, size=1)

    def forward(self, field: torch.Tensor) -> torch.Tensor:
        h = self.first(gelu(self.norms[0](field)))
        h = self.second(gelu(self.norms[1](h)))
        return h + (field if self.skip is None else self.skip(field))


class Down(nn.Module):
    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.block = ResidualBlock(inputs, inputs)
        self.halve = Conv(inputs, outputs, stride=2)


class Up(nn.Module):
    def __init__(self, outputs: int, inputs: int):
        super().__init__()
        self.narrow = Conv(inputs, outputs, size=1)
        self.block = ResidualBlock(2 * outputs, outputs)


class UNet(nn.Module):
    """Parameters are registered in the order of the fields of the original."""

    def __init__(self, inputs: int, outputs: int, *, width: int, levels: int):
        super().__init__()
        widths = [width * 2**i for i in range(levels)]
        pairs = list(itertools.pairwise(widths))
        self.stem = Conv(inputs, width)
        self.down = nn.ModuleList([Down(a, b) for a, b in pairs])
        self.middle = ResidualBlock(widths[-1], widths[-1])
        self.up = nn.ModuleList([Up(a, b) for a, b in pairs[::-1]])
        self.norm = ChannelNorm(width)
        self.head = Conv(width, outputs)

    def forward(self, field: torch.Tensor) -> torch.Tensor:
        h = self.stem(field)
        skips = []
        for level in self.down:
            h = level.block(h)
            skips.append(h)
            h = level.halve(h)
        h = self.middle(h)
        for level, skip in zip(self.up, skips[::-1], strict=True):
            h = functional.interpolate(level.narrow(h), scale_factor=2, mode="nearest")
            h = level.block(torch.cat([h, skip], dim=1))
        return self.head(gelu(self.norm(h)))


if __name__ == "__main__":
    serve_steps(
        lambda start, a, b, given: UNet(a, b, width=int(start["width"]), levels=int(start["levels"])),
        lambda weight: weight.transpose(3, 2, 0, 1).copy() if weight.ndim == 4 else weight,
        flags=("channels-last", "compile"),
    )
