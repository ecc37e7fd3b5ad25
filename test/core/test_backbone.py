from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torchvision import models  # type: ignore[import-untyped]

from textseg_core.models.atrous import AtrousEncoder
from textseg_core.training.backbone import DEVIATION, MEAN, main, scaled_input
from textseg_core.training.lexical import read_labels
from textseg_core.training.rmi_recipe import load_features
from textseg_core.training.weights import read_backbone


def random_mobilenet(**_: Any) -> Any:
    torch.manual_seed(0)
    network = models.MobileNetV2()
    network.features[0][1].running_mean.normal_()
    network.features[0][1].running_var.uniform_(0.5, 2.0)
    return network.eval()


def test_the_first_layers_take_over_the_scale_of_the_input() -> None:
    usual, ours = random_mobilenet(), random_mobilenet()
    ours.load_state_dict(scaled_input(usual.state_dict()))
    pixels = torch.randint(0, 256, (2, 3, 32, 32)).float()
    mean, deviation = (torch.tensor(v)[:, None, None] for v in (MEAN, DEVIATION))

    with torch.no_grad():
        expected = usual.features[0]((pixels / 255 - mean) / deviation)
        found = ours.features[0](pixels / 127.5 - 1)

    # The outermost row and column see the padding.
    torch.testing.assert_close(found[:, :, 1:, 1:], expected[:, :, 1:, 1:], atol=1e-5, rtol=1e-4)


def test_what_is_written_is_what_training_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "mobilenet_v2", random_mobilenet)  # in place of the download

    main(["--out", str(tmp_path / "backbones")])

    assert models.MobileNetV2().load_state_dict(read_backbone(tmp_path / "backbones"))
    labels = read_labels(tmp_path / "backbones" / "imagenet_labels.txt")
    assert len(labels) == 1000
    assert labels[504] == ["coffee mug"]


def test_further_backbones_are_written_by_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "mobilenet_v2", random_mobilenet)
    drawn = models.resnet18(weights=None)
    monkeypatch.setattr(models, "resnet18", lambda weights: drawn)

    main(["--out", str(tmp_path), "--more", "resnet18"])

    features = AtrousEncoder("resnet18", 4, 8).features
    load_features(features, tmp_path, "resnet18")
    assert torch.equal(features.layer4[1].conv2.weight, drawn.layer4[1].conv2.weight)


@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_weights_are_taken_from_files_without_a_network(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.hub.urlopen", refuse, raising=False)
    drawn, mobile = models.resnet18(weights=None), random_mobilenet()
    files = {"resnet18": drawn, "mobilenet_v2": mobile}
    for name, network in files.items():
        path = tmp_path / f"{name}-1234.{ending}"
        if ending == "pth":
            torch.save(network.state_dict(), path)
        else:
            save_file(network.state_dict(), path)
    out = tmp_path / "backbones"

    main(["--out", str(out), "--from", *(f"{n}={tmp_path}/{n}-1234.{ending}" for n in files)])

    features = AtrousEncoder("resnet18", 4, 8).features
    load_features(features, out, "resnet18")
    assert torch.equal(features.layer4[1].conv2.weight, drawn.layer4[1].conv2.weight)
    # MobileNetV2 is turned to our scale of input as when it is fetched.
    expected = scaled_input(mobile.state_dict())
    assert torch.equal(read_backbone(out)["features.0.0.weight"], expected["features.0.0.weight"])
    assert len(read_labels(out / "imagenet_labels.txt")) == 1000


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("resnet18=gone.pth", "gone.pth is missing: expected torchvision's weights of resnet18"),
        ("resnet18=damaged.pth", "damaged.pth cannot be read: expected torchvision's weights of"),
        ("resnet18=other.pth", "other.pth is of another network: expected torchvision's weights"),
        ("alexnet=other.pth", "--from takes NAME=FILE, NAME one of mobilenet_v2, vgg16"),
        ("other.pth", "--from takes NAME=FILE"),
    ],
)
def test_files_that_do_not_fit_end_with_one_line(
    given: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("damaged.pth").write_bytes(b"PK no weights")
    torch.save({"fc.weight": torch.zeros(2, 2)}, "other.pth")

    with pytest.raises(SystemExit) as raised:
        main(["--out", "backbones", "--from", given])

    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not Path("backbones").exists()


def test_without_a_network_the_command_ends_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.urlopen", refuse, raising=False)

    with pytest.raises(SystemExit, match=r"could not be fetched: .*no route"):
        main(["--out", str(tmp_path / "backbones")])


def refuse(*_: Any, **__: Any) -> None:
    from urllib.error import URLError

    raise URLError("no route")
