from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
import yaml
from onnx import TensorProto
from torch import Tensor, nn

from textseg_core.model_info import load_model_info, verify_files
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.checkpoint import save_checkpoint
from textseg_core.models.hu2016 import Hu2016Network
from textseg_core.runtime.export import export, main
from textseg_core.runtime.onnx_backend import OnnxBackend
from textseg_core.runtime.stored_form import Storage, storage_of, stored_form

WORDS = ["<pad>", "<go>", "<eos>", "<unk>", "red", "mug", "käse"]
NARROW: dict[str, Any] = {
    "vocabulary_size": len(WORDS),
    "input_px": 96,
    "tokens": 5,
    "embedding_channels": 6,
    "expression_channels": 7,
    "hidden_channels": 8,
}
NARROW_VGG = {**NARROW, "backbone": "vgg16", "fc_channels": 12, "visual_channels": 10}
NARROW_MOBILENET = {**NARROW, "backbone": "mobilenet_v2", "visual_channels": 320}


def lively(settings: dict[str, Any]) -> Hu2016Network:
    """A random network whose response is not grey all over."""
    torch.manual_seed(0)
    network = Hu2016Network(**settings)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # statistics become those of the one picture below
    noise = torch.randint(0, 256, (4, 96, 96, 3), dtype=torch.uint8)
    with torch.no_grad():
        network.image_encoder(noise)
        network.query_head.hidden.weight.mul_(4)
        network.query_head.score.weight.mul_(4)
    return network.eval()


class TinyEncoder(nn.Module):
    """Mean colour of the picture, (1, 3)."""

    def forward(self, image: Tensor) -> tuple[Tensor]:
        return (image.float().mean(dim=(1, 2)),)


class TinyReader(nn.Module):
    """Sum of the words' vectors, (Q, 3)."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(WORDS), 3)

    def forward(self, token_ids: Tensor) -> tuple[Tensor]:
        return (self.embedding(token_ids).sum(dim=1),)


class TinyHead(nn.Module):
    """Product of colour and words in a single cell; `spoil` stands between the two."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind

    def forward(self, colour: Tensor, words: Tensor) -> tuple[Tensor, ...]:
        scale = 0.01
        if self._kind == "frozen by tracing":
            scale = float(words.sum())
        logits = scale * (colour * words).sum(dim=1)[:, None, None, None]
        if self._kind == "nan":
            logits = logits * float("nan")
        if self._kind == "presence":
            return logits, logits[:, 0, 0, 0]
        return (logits,)


class TinyNetwork(SegmentationNetwork):
    name = "tiny"
    input_px = stride = 8
    tokens = 4
    image_outputs = ("colour",)
    expression_outputs = ("words",)
    head_outputs: tuple[str, ...] = ("logits",)

    def __init__(self, kind: str = "plain") -> None:
        super().__init__()
        torch.manual_seed(0)
        self.image_encoder = TinyEncoder()
        self.expression_encoder = TinyReader()
        self.query_head = TinyHead(kind)
        if kind == "presence":
            self.head_outputs = ("logits", "presence")


def export_tiny(directory: Path, kind: str = "plain", **options: Any) -> None:
    export(TinyNetwork(kind), WORDS, directory, tokenizer="words", padding="right", **options)


@pytest.mark.parametrize("storage", ["float32", "float16", "int8"])
@pytest.mark.parametrize(
    "settings",
    [
        {**NARROW_VGG, "stage": "low", "coordinates": 8},
        {**NARROW_VGG, "stage": "high", "coordinates": 2},
        {**NARROW_MOBILENET, "stage": "low", "coordinates": 2},
        {**NARROW_MOBILENET, "stage": "high", "coordinates": 8},
    ],
    ids=["vgg-low-8", "vgg-high-2", "mobilenet-low-2", "mobilenet-high-8"],
)
def test_onnx_equals_torch(settings: dict[str, Any], storage: Storage, tmp_path: Path) -> None:
    network = lively(settings)
    generator = np.random.default_rng(7)
    image = generator.integers(0, 256, (96, 96, 3), dtype=np.uint8)
    ids = generator.integers(0, len(WORDS), (4, 5))

    report = export(network, WORDS, tmp_path / "model", storage=storage)
    backend = OnnxBackend(tmp_path / "model")
    read = [backend.encode_expression(one[None]) for one in ids]
    answer = backend.respond(backend.encode_image(image), read)

    with torch.inference_mode():
        logits = stored_form(network, storage)(
            torch.from_numpy(image)[None], torch.from_numpy(ids)
        )["logits"]
    ours, theirs = torch.from_numpy(answer["logits"]).sigmoid(), logits.sigmoid()
    assert ours.shape == theirs.shape == (4, 1, 96 // network.stride, 96 // network.stride)
    assert theirs.max() - theirs.min() > 0.1  # else any two networks were alike
    assert (ours - theirs).abs().max() < 1e-3
    assert report.difference < 1e-3
    assert storage_of(tmp_path / "model") == storage


def test_model_directory_holds_what_a_segmenter_reads(tmp_path: Path) -> None:
    network = lively({**NARROW_MOBILENET, "stage": "low"})

    report = export(network, WORDS, tmp_path / "m", threshold=0.4, about={"trained": "never"})

    files = ["expression_encoder.onnx", "image_encoder.onnx", "model.yaml", "query_head.onnx"]
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == [*files, "vocabulary.txt"]
    assert list(tmp_path.iterdir()) == [tmp_path / "m"]
    info = load_model_info(tmp_path / "m")
    assert (info.name, info.input_px, info.stride, info.tokens) == ("hu2016", 96, 32, 5)
    assert (info.tokenizer, info.padding) == ("hu2016", "left")
    assert (info.threshold, info.presence_threshold) == (0.4, 0.0)
    assert info.about == {"trained": "never"}
    assert (tmp_path / "m" / "vocabulary.txt").read_text("utf-8").split("\n") == [*WORDS, ""]
    assert report.bytes_by_file["image_encoder.onnx"] > 6e6
    assert report.rounding_difference == report.difference


def test_the_description_names_every_files_checksum(tmp_path: Path) -> None:
    export(lively(NARROW_MOBILENET), WORDS, tmp_path / "model")
    info = load_model_info(tmp_path / "model")

    assert set(info.sha256) == {
        *("image_encoder.onnx", "expression_encoder.onnx", "query_head.onnx", "vocabulary.txt")
    }
    verify_files(tmp_path / "model", info)


def test_files_are_plain_onnx_of_the_contract(tmp_path: Path) -> None:
    export(lively({**NARROW_MOBILENET, "stage": "low"}), WORDS, tmp_path)

    for part in ("image_encoder", "expression_encoder", "query_head"):
        model = onnx.load(tmp_path / f"{part}.onnx")
        assert [(one.domain, one.version) for one in model.opset_import] == [("", 17)]
        assert {node.domain for node in model.graph.node} == {""}
    (image,) = onnx.load(tmp_path / "image_encoder.onnx").graph.input
    assert (image.name, image.type.tensor_type.elem_type) == ("image", TensorProto.UINT8)
    assert [side.dim_value for side in image.type.tensor_type.shape.dim] == [1, 96, 96, 3]
    expression = onnx.load(tmp_path / "expression_encoder.onnx").graph
    assert "LSTM" in [node.op_type for node in expression.node]


@pytest.mark.parametrize(("storage", "most"), [("float16", 0.55), ("int8", 0.32)])
def test_storage_shrinks_the_file_and_leaves_the_network_alone(
    storage: Storage, most: float, tmp_path: Path
) -> None:
    network = lively({**NARROW_MOBILENET, "stage": "low"})
    before = {key: value.clone() for key, value in network.state_dict().items()}

    full = export(network, WORDS, tmp_path / "full").bytes_by_file
    report = export(network, WORDS, tmp_path / "small", storage=storage)

    assert report.bytes_by_file["image_encoder.onnx"] / full["image_encoder.onnx"] < most
    assert report.difference < 1e-4 < report.rounding_difference
    assert list(network.state_dict()) == list(before)
    for key, value in network.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_network_with_presence_gets_a_presence_threshold(tmp_path: Path) -> None:
    export_tiny(tmp_path / "default", "presence")
    export_tiny(tmp_path / "chosen", "presence", presence_threshold=0.7)

    assert load_model_info(tmp_path / "default").presence_threshold == 0.5
    assert load_model_info(tmp_path / "chosen").presence_threshold == 0.7


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_network_that_tracing_changes_is_refused_with_the_difference(tmp_path: Path) -> None:
    directory = tmp_path / "model"
    export_tiny(directory)
    earlier = {path.name: path.read_bytes() for path in directory.iterdir()}

    with pytest.raises(RuntimeError, match=r"differ by \d\.\d\de[+-]\d\d in the response of"):
        export_tiny(directory, "frozen by tracing")

    assert {path.name: path.read_bytes() for path in directory.iterdir()} == earlier
    assert list(tmp_path.iterdir()) == [directory]


def test_network_that_answers_nan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="differ by nan"):
        export_tiny(tmp_path / "model", "nan")

    assert list(tmp_path.iterdir()) == []


def test_export_replaces_an_earlier_one_and_keeps_other_files(tmp_path: Path) -> None:
    export_tiny(tmp_path, about={"export": 1})
    (tmp_path / "checkpoint.safetensors").write_bytes(b"kept")

    export_tiny(tmp_path, about={"export": 2})

    assert load_model_info(tmp_path).about == {"export": 2}
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == b"kept"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "vocabulary is empty"),
        (["<pad>", ""], "word 1 of the vocabulary is empty"),
        (["<pad>", "a\nb"], r"broken or twice: 'a\\nb'"),
        (["<pad>", "a", "a"], "word 2 .*twice: 'a'"),
        ([f"w{i}" for i in range(9)], "cannot read id 8: its embedding is shorter than the 9"),
    ],
)
def test_words_that_make_no_vocabulary_are_refused(
    words: list[str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        export(TinyNetwork(), words, tmp_path / "m", tokenizer="words", padding="right")

    assert list(tmp_path.iterdir()) == []


def test_threshold_out_of_range_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="threshold"):
        export_tiny(tmp_path / "model", threshold=1.5)


def test_command_line_exports_a_checkpoint_with_its_thresholds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {**NARROW_MOBILENET, "stage": "low"}
    checkpoint = tmp_path / "best.safetensors"
    extra = {"threshold": 0.35, "step": 12}
    save_checkpoint(checkpoint, lively(settings), "hu2016", settings, WORDS, extra)

    status = main(
        ["--checkpoint", str(checkpoint), "--out", str(tmp_path / "m"), "--storage", "int8"]
    )

    assert status == 0
    description = yaml.safe_load((tmp_path / "m" / "model.yaml").read_text("utf-8"))
    assert description["threshold"] == 0.35
    assert description["about"] == {"step": 12}
    printed = capsys.readouterr().out
    assert "image_encoder.onnx" in printed
    assert "ONNX Runtime differs from torch by" in printed
    assert "and from unrounded weights by" in printed


def test_command_line_names_what_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["--checkpoint", str(tmp_path / "none.safetensors"), "--out", str(tmp_path)])

    assert status == 1
    assert "export failed: no checkpoint at" in capsys.readouterr().err
