"""Networks on fields, one a file."""

from .conv import (
    AbstractPadding as AbstractPadding,
    ChannelNorm as ChannelNorm,
    Conv as Conv,
    EdgePadding as EdgePadding,
    GlobalPadding as GlobalPadding,
    LinePadding as LinePadding,
    PeriodicPadding as PeriodicPadding,
    padding_of as padding_of,
)
from .deeponet import BranchTrunk as BranchTrunk, LocalBranchTrunk as LocalBranchTrunk, Trunk as Trunk
from .encoder import (
    AbstractPooling as AbstractPooling,
    Encoder as Encoder,
    Encoding as Encoding,
    FlatPooling as FlatPooling,
    MeanPooling as MeanPooling,
)
from .resnet import ResidualBlock as ResidualBlock, ResNet as ResNet
from .transformer import Transformer as Transformer
from .unet import UNet as UNet
