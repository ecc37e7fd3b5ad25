"""Adapters to pretrained models, on real networks and processors with random weights."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

import tiny_hub  # noqa: E402

from textseg_core.adapters import box_masks, florence2, hub  # noqa: E402
from textseg_core.adapters.base import OpenVocabularyModel  # noqa: E402
from textseg_core.adapters.box_masks import Boxes, GrabCutMasks, draw  # noqa: E402
from textseg_core.adapters.cards import CLIPSEG, SAM3  # noqa: E402
from textseg_core.adapters.hub import HubOptions, class_of, load_pair  # noqa: E402
from textseg_core.adapters.load import load_model, load_segmenter, options_of  # noqa: E402
from textseg_core.arrays import BoolArray, Float32Array, UInt8Array  # noqa: E402
from textseg_core.config import SegmenterConfig  # noqa: E402
from textseg_core.segmentation import Status  # noqa: E402
from textseg_core.segmenter import Segmenter  # noqa: E402

NAMES = ("clipseg", "sam3", "grounding-dino+sam2", "florence2", "owlv2", "owlv2+sam2")
IMAGE: UInt8Array = np.random.default_rng(7).integers(0, 256, (40, 60, 3), np.uint8)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder of each network as its authors' are, once for all tests."""
    tiny_hub.quiet()
    root = tmp_path_factory.mktemp("hub")
    return {name: write(root / name) for name, write in tiny_hub.WRITERS.items()}


@pytest.fixture(scope="session")
def models(folders: dict[str, Path]) -> dict[str, OpenVocabularyModel]:
    """Each model, loaded once."""
    options = HubOptions(batch=2)
    loaded = {name: load_model(spec(name, folders), options) for name in NAMES}
    written: Any = loaded["florence2"]
    written._longest = 12  # random weights never stop by themselves
    return loaded


def spec(name: str, folders: dict[str, Path]) -> str:
    return f"hub:{name}={','.join(str(folders[part]) for part in name.split('+'))}"


@pytest.mark.parametrize("name", NAMES)
def test_every_model_answers_expressions_and_nouns_in_image_size(
    name: str, models: dict[str, OpenVocabularyModel]
) -> None:
    model = models[name]

    answers = model.find(IMAGE, ["the mug left of the bowl", "bowl"], ["mug", "red mug", "bowl"])

    assert (len(answers.expressions), len(answers.nouns)) == (2, 3)
    for one in (*answers.expressions, *answers.nouns):
        assert one.response.shape == (40, 60)
        assert one.response.dtype == np.float32
        assert 0.0 <= one.response.min() <= one.response.max() <= 1.0
        for thing in one.instances:
            assert thing.mask.shape == (40, 60)
            assert 0.6 <= thing.score <= 1.0
    assert model.name == name
    assert model.report().details["model"] == name


@pytest.mark.parametrize("name", ["sam3", "grounding-dino+sam2", "owlv2"])
def test_models_that_tell_things_apart_give_instances(
    name: str, models: dict[str, OpenVocabularyModel]
) -> None:
    answers = models[name].find(IMAGE, [], ["mug", "red bowl"])

    assert models[name].tells_apart
    assert any(one.instances for one in answers.nouns)


@pytest.mark.parametrize("name", NAMES[:-1])  # the last differs in what draws the boxes alone
def test_a_text_is_answered_in_a_batch_as_it_is_alone(
    name: str, models: dict[str, OpenVocabularyModel]
) -> None:
    together = models[name].find(IMAGE, ["mug", "the red bowl", "left"]).expressions
    alone = models[name].find(IMAGE, ["the red bowl"]).expressions[0]

    np.testing.assert_allclose(together[1].response, alone.response, atol=2e-4)


def test_clipseg_encodes_the_image_once_and_answers_as_the_whole_network(
    models: dict[str, OpenVocabularyModel],
) -> None:
    model: Any = models["clipseg"]
    inputs = model._processor(
        text=["mug", "red bowl"], images=[IMAGE] * 2, padding=True, return_tensors="pt"
    )
    with torch.inference_mode():
        expected = torch.sigmoid(model._network(**inputs).logits).numpy()

    seen: list[int] = []
    vision = model._network.clip.vision_model
    handle = vision.register_forward_hook(lambda *_: seen.append(1))
    found = model.find(IMAGE, ["mug", "red bowl", "left mug"]).expressions
    handle.remove()

    assert len(seen) == 1
    assert expected.shape == (2, 32, 32)
    for one, whole in zip(found, expected, strict=False):
        # The middle of each cell's pixels; enlarging mixes the others.
        assert one.response.mean() == pytest.approx(whole.mean(), abs=2e-3)


@pytest.mark.parametrize(("name", "longest"), [("clipseg", 24), ("owlv2", 16)])
def test_words_beyond_the_longest_text_are_told(
    name: str, longest: int, models: dict[str, OpenVocabularyModel]
) -> None:
    # The tokenizer reads letter by letter, with a token at either end.
    words = ["abcd"] * 10
    (found,) = models[name].find(IMAGE, [" ".join(words)]).expressions

    assert len(found.truncated) == 10 - (longest - 2) // 4


def test_florence_2_s_polygons_and_boxes_are_read_in_pixels(
    models: dict[str, OpenVocabularyModel],
) -> None:
    model: Any = models["florence2"]
    outline = "<loc_0><loc_0><loc_500><loc_0><loc_500><loc_500><loc_0><loc_500>"

    polygons = model.read(f"</s><s>{outline}</s>", "<REFERRING_EXPRESSION_SEGMENTATION>", IMAGE)
    boxes = model.read(
        "mug<loc_100><loc_250><loc_500><loc_750>", "<OPEN_VOCABULARY_DETECTION>", IMAGE
    )

    mask = florence2.fill(polygons["polygons"][0], (40, 60))
    assert mask[:20, :30].mean() > 0.99
    assert not mask[22:].any()
    assert not mask[:, 32:].any()
    # 60 x 40 pixels in 1000 bins: the middle of bin 100 is 6.03, of 250 is 10.02, ...
    assert np.array(boxes["bboxes"]) == pytest.approx(np.array([[6, 10, 30, 30]]), abs=0.1)


def test_florence_2_is_told_a_region_in_its_own_bins() -> None:
    words = florence2.region_words((6.03, 10.02, 60.0, 41.0), (40, 60))
    assert words == "<loc_100><loc_250><loc_999><loc_999>"


class WholeBoxes:
    """Draws each box as it is."""

    def masks(self, image: UInt8Array, corners: Float32Array) -> list[BoolArray]:
        return [box_masks.box_mask(np.rint(box), image.shape[:2]) for box in corners]


def test_boxes_are_cut_to_the_picture_and_drawn_best_first() -> None:
    corners = np.array([[10, 5, 20, 15], [50, 30, 90, 90], [-9, -9, 0.2, 20], [5, 5, 5.2, 9]])
    sure = np.array([0.7, 0.9, 0.95, 0.8])
    boxes = Boxes(corners.astype(np.float32), sure.astype(np.float32), ("beyond",))

    first, nothing = draw(IMAGE, [boxes, Boxes(np.zeros((0, 4)), np.zeros(0))], WholeBoxes())

    assert [one.box for one in first.instances] == [(50, 30, 60, 40), (10, 5, 20, 15)]
    assert [one.score for one in first.instances] == pytest.approx([0.9, 0.7])
    assert first.truncated == ("beyond",)
    assert nothing.instances == ()
    assert not nothing.response.any()


def test_without_sam_2_a_thing_is_cut_out_of_its_box_by_colour() -> None:
    image = np.full((40, 60, 3), 230, np.uint8)
    image[12:28, 20:40] = (200, 0, 0)

    (mask,) = GrabCutMasks().masks(image, np.array([[14, 6, 46, 34]], np.float32))

    truth = image[..., 1] == 0
    assert (mask & truth).sum() / (mask | truth).sum() > 0.9


def test_a_segmenter_is_loaded_by_the_setting_weights(folders: dict[str, Path]) -> None:
    config = SegmenterConfig(weights=spec("clipseg", folders), reasoner=True, device="cpu")

    segmenter = Segmenter.load(config=config)
    plain, placed = segmenter.segment_many(IMAGE, ["pick up the mug", "the mug on the left"])

    assert segmenter.model_info.name == "clipseg"
    assert plain.mask.shape == placed.response_map.shape == (40, 60)
    assert plain.command.action == "pick up"
    assert placed.status in Status
    assert segmenter.report().line().startswith("backend torch on cpu in fp32")
    segmenter.close()
    with pytest.raises(RuntimeError, match="was closed"):
        segmenter.segment(IMAGE, "mug")


def test_weights_that_are_not_here_are_told_with_how_to_get_them_and_their_licence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))

    with pytest.raises(RuntimeError, match=r"hf download CIDAS.*Licence.*Apache-2\.0"):
        load_model("hub:clipseg", HubOptions(download=True))
    with pytest.raises(RuntimeError, match=r"ask for access.*facebook/sam3.*SAM License"):
        load_model("hub:sam3")


def test_bad_folders_are_named_with_what_is_wrong(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError, match="no such folder"):
        load_model(f"hub:clipseg={tmp_path}/nowhere")
    with pytest.raises(RuntimeError, match=r"holds no config\.json"):
        load_model(f"hub:clipseg={tmp_path}")
    with pytest.raises(ValueError, match="type 'clipseg', expected sam3"):
        load_model(f"hub:sam3={folders['clipseg']}")
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for path in folders["clipseg"].iterdir():
        (damaged / path.name).write_bytes(path.read_bytes())
    (damaged / "model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(RuntimeError, match="cannot be loaded as CLIPSegForImageSegmentation"):
        load_model(f"hub:clipseg={damaged}")


def test_a_checkpoint_that_lacks_much_of_the_network_is_refused(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    for path in folders["clipseg"].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    kept = {name: value for name, value in weights.items() if "decoder" not in name}
    save_file(kept, tmp_path / "model.safetensors", metadata={"format": "pt"})

    with pytest.raises(RuntimeError, match="would be random"):
        load_pair(CLIPSEG, str(tmp_path), HubOptions())


def test_a_class_that_this_transformers_lacks_is_named_with_its_release() -> None:
    old = SimpleNamespace(__version__="4.57.0")

    with pytest.raises(RuntimeError, match=r"transformers 4\.57\.0 has no Sam3Model.*>=5\.0"):
        class_of(old, SAM3.model_class, SAM3)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(hub.importlib, "import_module", missing)
    with pytest.raises(RuntimeError, match=r"textseg-ros\[hub\]"):
        hub.import_transformers()


def test_device_and_dtype_follow_the_settings() -> None:
    assert options_of(SegmenterConfig(device="cpu")) == HubOptions()
    assert options_of(SegmenterConfig(device="cuda", backend="torch")).dtype == "float16"
    assert options_of(SegmenterConfig(device="cuda", precision="fp32")).dtype == "float32"
    with pytest.raises(RuntimeError, match="'onnx'"):
        options_of(SegmenterConfig(backend="onnx"))
    with pytest.raises(RuntimeError, match="int8"):
        options_of(SegmenterConfig(precision="int8"))
    with pytest.raises(RuntimeError, match="'tensorrt'"):
        options_of(SegmenterConfig(device="tensorrt"))
    with pytest.raises(ValueError, match="float16 needs a GPU"):
        options_of(SegmenterConfig(device="cpu", precision="fp16"))
    for wrong in ({"dtype": "int4"}, {"batch": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            HubOptions(**wrong)  # type: ignore[arg-type]


def test_bfloat16_runs_on_the_cpu(folders: dict[str, Path]) -> None:
    model = load_model(spec("owlv2", folders), HubOptions(dtype="bfloat16"))

    answers = model.find(IMAGE, ["mug"])

    assert answers.expressions[0].response.shape == (40, 60)
    assert model.report().details["dtype"] == "bfloat16"


def test_nan_is_refused(folders: dict[str, Path]) -> None:
    model: Any = load_model(spec("clipseg", folders))
    with torch.no_grad():
        model._network.decoder.film_add.bias.fill_(float("nan"))

    with pytest.raises(ValueError, match="CLIPSeg answered with NaN"):
        model.find(IMAGE, ["mug"])


def test_a_device_that_is_not_there_is_refused(folders: dict[str, Path]) -> None:
    if torch.cuda.is_available():
        pytest.skip("a GPU is there")
    config = SegmenterConfig(device="cuda", precision="fp32")
    with pytest.raises(RuntimeError, match="cannot use device 'cuda'"):
        load_segmenter(spec("clipseg", folders), config)
