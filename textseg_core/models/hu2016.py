"""The network of Hu et al. 2016, "Segmentation from Natural Language Expressions"."""

from collections.abc import Mapping
from typing import Literal

from torch import Tensor

from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.fusion import ResponseHead
from textseg_core.models.language import LstmEncoder
from textseg_core.models.visual import DEFAULT_CHANNELS, STRIDE, DescriptorEncoder

_UPSAMPLING = "query_head.upsample.weight"


class Hu2016Network(SegmentationNetwork):
    """FCN-32s descriptors, an LSTM, and a classifier over both in each cell.

    Args:
        vocabulary_size: Number of words, the four special ones included.
        input_px: Side of the square input, a multiple of 32.
        tokens: Length of a padded expression.
        backbone: "vgg16" as in the paper, or a lighter "mobilenet_v2", "resnet18", "resnet50".
        stage: "low" answers per cell (stride 32), "high" per pixel (stride 1).
        coordinates: 2 as in the paper, or 8 as in its release.
        fc_channels: Channels of VGG-16's fc6 and fc7; the others have none.
        visual_channels: Channels of a cell's descriptor; None: 1000 (fc8) with
            vgg16, 1280 with mobilenet_v2, which also takes 320, 512 with
            resnet18 and 2048 with resnet50.
        embedding_channels: Channels of a word.
        expression_channels: Channels of the LSTM's state.
        hidden_channels: Channels between the two 1 x 1 convolutions.

    Raises:
        ValueError: If a setting has a value that is not listed here.

    Source:
        Hu et al. 2016, ECCV, arXiv:1603.06180; details from its release.
    """

    name = "hu2016"
    image_outputs = ("visual",)
    expression_outputs = ("expression",)
    head_outputs = ("logits",)

    def __init__(
        self,
        *,
        vocabulary_size: int,
        input_px: int = 512,
        tokens: int = 20,
        backbone: Literal["vgg16", "mobilenet_v2", "resnet18", "resnet50"] = "vgg16",
        stage: Literal["low", "high"] = "high",
        coordinates: Literal[2, 8] = 2,
        fc_channels: int = 4096,
        visual_channels: int | None = None,
        embedding_channels: int = 1000,
        expression_channels: int = 1000,
        hidden_channels: int = 500,
    ):
        super().__init__()
        if stage not in ("low", "high"):
            raise ValueError(f"stage must be low or high, got {stage!r}")
        if input_px <= 0 or input_px % STRIDE:
            raise ValueError(f"input_px must be a positive multiple of {STRIDE}, got {input_px}")
        self.input_px = input_px
        self.stride = STRIDE if stage == "low" else 1
        self.tokens = tokens
        channels = visual_channels or DEFAULT_CHANNELS.get(backbone, 0)
        self.image_encoder: DescriptorEncoder = DescriptorEncoder(backbone, channels, fc_channels)
        self.expression_encoder: LstmEncoder = LstmEncoder(
            vocabulary_size, embedding_channels, expression_channels
        )
        self.query_head: ResponseHead = ResponseHead(
            channels,
            expression_channels,
            hidden_channels,
            cells=input_px // STRIDE,
            coordinates=coordinates,
            upsampling=STRIDE // self.stride,
        )

    def freeze_backbone(self) -> None:
        """Keep the backbone's convolution layers as they are, as the paper's stages do."""
        self.image_encoder.freeze_backbone()

    def load_low_resolution(self, state: Mapping[str, Tensor]) -> None:
        """Start the high-resolution stage from the low-resolution stage's weights.

        The transposed convolution keeps its bilinear weights.

        Args:
            state: State dict of the same network with `stage="low"`.

        Raises:
            ValueError: If this network is not of the high-resolution stage, or
                the weights are not those of its low-resolution stage.
        """
        if self.query_head.upsample is None:
            raise ValueError('low-resolution weights are carried over to stage "high", not "low"')
        if _UPSAMPLING in state:
            raise ValueError('the weights are of stage "high" already; use load_state_dict')
        try:
            self.load_state_dict({**state, _UPSAMPLING: self.query_head.upsample.weight.detach()})
        except RuntimeError as error:
            raise ValueError(f"not the low-resolution stage of this network: {error}") from error
