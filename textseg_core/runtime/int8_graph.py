"""A float32 image encoder -> 8-bit convolutions by Q/DQ, calibrated on pictures.

Symmetric, per channel in the weights and without quantised biases, as TensorRT demands; ONNX
Runtime runs the same file. The other two parts stay as they are: their matrices of words are
small, and attention suffers most from eight bits.
"""

import tempfile
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from textseg_core.arrays import UInt8Array
from textseg_core.preprocess import letterbox_image
from textseg_core.runtime.half_graph import load_unfolded


def quantise_image_encoder(source: Path, target: Path, pictures: Iterable[UInt8Array]) -> None:
    """Write an 8-bit copy of `image_encoder.onnx`.

    Args:
        source: Computes in float32.
        target: Written.
        pictures: RGB pictures like those that the camera will show, of any size.

    Raises:
        RuntimeError: If ONNX Runtime's quantisation tools are not installed.
        ValueError: If there is no picture.
    """
    try:
        from onnxruntime import quantization  # type: ignore[import-untyped,unused-ignore]
    except ImportError as error:
        raise RuntimeError(
            f"8-bit files need the package {error.name!r}: pip install 'textseg-ros[precision]'"
        ) from error
    model = load_unfolded(source)
    side = model.graph.input[0].type.tensor_type.shape.dim[1].dim_value
    feeds = [{"image": letterbox_image(one, side)[0][np.newaxis]} for one in pictures]
    if not feeds:
        raise ValueError("calibration needs at least one picture, got none")

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc,unused-ignore]
        def __init__(self) -> None:
            self._feeds: Iterator[dict[str, Any]] = iter(feeds)

        def get_next(self) -> dict[str, Any] | None:
            return next(self._feeds, None)

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*pre-processing.*")
        plain = Path(folder) / "plain.onnx"
        onnx.save(model, plain)
        quantization.quantize_static(
            str(plain),
            str(target),
            Reader(),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            per_channel=True,
            activation_type=quantization.QuantType.QInt8,
            weight_type=quantization.QuantType.QInt8,
            calibrate_method=quantization.CalibrationMethod.MinMax,
            extra_options={
                "ActivationSymmetric": True,
                "WeightSymmetric": True,
                "QuantizeBias": False,
            },
        )
    onnx.checker.check_model(target)
