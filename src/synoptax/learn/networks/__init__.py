"""Networks on fields, one a file."""

from .conv import (
    AbstractPadding as AbstractPadding,
    ChannelNorm as ChannelNorm,
    Conv as Conv,
    EdgePadding as EdgePadding,
    GlobalPadding as GlobalPadding,
    PeriodicPadding as PeriodicPadding,
)
from .resnet import ResidualBlock as ResidualBlock, ResNet as ResNet
from .unet import UNet as UNet
