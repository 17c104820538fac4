"""Networks on fields, one a file."""

from .adaptive_fourier import AdaptiveFourierOperator as AdaptiveFourierOperator
from .attention import AttentionBlock as AttentionBlock
from .conditioned_unet import ConditionedUNet as ConditionedUNet
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
from .decoder import Decoder as Decoder
from .deeponet import BranchTrunk as BranchTrunk, LocalBranchTrunk as LocalBranchTrunk, Trunk as Trunk
from .encoder import (
    AbstractPooling as AbstractPooling,
    Encoder as Encoder,
    Encoding as Encoding,
    FlatPooling as FlatPooling,
    MeanPooling as MeanPooling,
)
from .level_channels import LevelChannels as LevelChannels
from .fourier import FourierOperator as FourierOperator
from .koopman import KoopmanOperator as KoopmanOperator
from .resnet import ResidualBlock as ResidualBlock, ResNet as ResNet
from .stacked_frames import StackedFrames as StackedFrames
from .transformer import Transformer as Transformer
from .unet import UNet as UNet
from .wavelet_unet import WaveletUNet as WaveletUNet
from .vision_transformer import VisionTransformer as VisionTransformer
from .window_transformer import (
    AbstractPositionBias as AbstractPositionBias,
    EarthSpecificBias as EarthSpecificBias,
    RelativeBias as RelativeBias,
    WindowTransformer as WindowTransformer,
)
