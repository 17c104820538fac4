"""The training step of a network in PyTorch. Runs in `.venv-peers`."""

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from .peer import clocked, serve


def gelu(field: torch.Tensor) -> torch.Tensor:
    return functional.gelu(field, approximate="tanh")


def serve_steps(
    build: Callable[[Any, int, int, argparse.Namespace], nn.Module],
    turned: Callable[[np.ndarray], np.ndarray],
    *,
    flags: tuple[str, ...],
) -> None:
    """Trains what `build` makes of a start file, channels and flags; `turned` lays out our weights as its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("start", help="file with weights, inputs and targets, see training_step.py")
    for flag in flags:
        parser.add_argument(f"--{flag}", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    start = np.load(given.start)
    weights = [start[f"weight_{i}"] for i in range(int(start["weights"]))]
    inputs, targets = (torch.from_numpy(start[n]).permute(0, 3, 1, 2).contiguous() for n in ("inputs", "targets"))
    model = build(start, inputs.shape[1], targets.shape[1], given)
    with torch.no_grad():
        for parameter, weight in zip(model.parameters(), weights, strict=True):
            there = torch.from_numpy(turned(weight))
            if there.shape != parameter.shape:
                raise SystemExit(f"A weight of shape {tuple(there.shape)} was given where {parameter.shape} is needed.")
            parameter.copy_(there)
    if "channels-last" in flags and given.channels_last:
        model, inputs, targets = (x.to(memory_format=torch.channels_last) for x in (model, inputs, targets))
    forward = torch.compile(model) if "compile" in flags and given.compile else model
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
