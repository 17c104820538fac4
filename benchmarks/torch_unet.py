"""synoptax.learn.networks.UNet in PyTorch, layer by layer, and its training step. Runs in `.venv-peers`."""

import argparse
import itertools
import os
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from .peer import clocked, serve


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


def gelu(field: torch.Tensor) -> torch.Tensor:
    return functional.gelu(field, approximate="tanh")


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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("start", help="file with weights, inputs and targets, see unet_step.py")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--compile", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    start = np.load(given.start)
    weights = [start[f"weight_{i}"] for i in range(int(start["weights"]))]
    inputs, targets = (torch.from_numpy(start[n]).permute(0, 3, 1, 2).contiguous() for n in ("inputs", "targets"))
    model = UNet(inputs.shape[1], targets.shape[1], width=int(start["width"]), levels=int(start["levels"]))
    with torch.no_grad():
        for parameter, weight in zip(model.parameters(), weights, strict=True):
            there = torch.from_numpy(weight.transpose(3, 2, 0, 1).copy() if weight.ndim == 4 else weight)
            if there.shape != parameter.shape:
                raise SystemExit(f"A weight of shape {tuple(there.shape)} was given where {parameter.shape} is needed.")
            parameter.copy_(there)
    if given.channels_last:
        model, inputs, targets = (x.to(memory_format=torch.channels_last) for x in (model, inputs, targets))
    forward = torch.compile(model) if given.compile else model
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=float(start["rate"]), betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, fused=True
    )
    losses: list[float] = []

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        loss = functional.mse_loss(forward(inputs), targets)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())

    def warm(steps: int) -> dict:
        begin = time.perf_counter()
        step()
        first = time.perf_counter() - begin
        for _ in range(steps - 1):
            step()
        return {"compile": first, "losses": losses[:steps]}

    serve(
        {
            "describe": lambda: {
                "parameters": sum(p.numel() for p in model.parameters()),
                "version": f"torch {torch.__version__}",
                "threads": torch.get_num_threads(),
            },
            "warm": warm,
            "step": lambda repeats: clocked(step, repeats),
            "fit": lambda repeats: clocked(step, repeats),
        }
    )


if __name__ == "__main__":
    main()
