import json
from pathlib import Path

import pytest
from published import (
    corners,
    polygon,
    python2_pickle,
    reference,
    task,
    write_instances,
    write_phrasecut,
    write_picture,
    write_refer_folder,
    write_referit,
)

from textseg_core.datasets.registry import DATA_SETS, Request, open_data_set
from textseg_core.scenes.scene import target_mask


def write(name: str, root: Path) -> Path:
    """A small data set of that name with one picture or two in its first split."""
    if name == "referit":
        return write_referit(root)
    if name == "phrasecut":
        tasks = [task(9, "a", "cup", [[corners((1, 1, 9, 9))]])]
        return write_phrasecut(root, tasks, "train")
    if name in ("coco", "photos"):
        annotation = root / (
            "annotations/instances_train2017.json" if name == "coco" else "instances.json"
        )
        outline = polygon((1, 1, 30, 30))
        write_instances(annotation, ["cup", "dog"], [(1, "1.jpg")], [(5, 1, "cup", outline)])
        write_picture(root / "images" / "1.jpg")
        return root
    folder = write_refer_folder(root, name)
    references = [reference(1, 581857, 20, "train", "left cup")]
    if name == "grefcoco":
        (folder / "grefs(unc).json").write_text(json.dumps(references))
    else:
        (partition, *_) = DATA_SETS[name].partitions
        (folder / f"refs({partition}).p").write_bytes(python2_pickle(references))
    return folder


@pytest.mark.parametrize("name", sorted(set(DATA_SETS) - {"rendered"}))
def test_every_data_set_opens_by_name_and_its_expressions_have_masks(
    name: str, tmp_path: Path
) -> None:
    described = open_data_set(name, Request(folder=write(name, tmp_path / "set")))

    assert {item.source for item in described} == {name}
    scene, queries = described[0].load()
    assert queries
    assert any(target_mask(scene, query).any() for query in queries)
    if described[0].expressions:
        assert described[0].expressions == tuple(query.expression for query in queries)


@pytest.mark.parametrize("name", ["coco", "photos"])
def test_licences_count_and_seed_reach_the_written_sets(name: str, tmp_path: Path) -> None:
    folder = write(name, tmp_path / "set")

    def expressions(**wanted: object) -> list[str]:
        (item,) = open_data_set(name, Request(folder=folder, **wanted))  # type: ignore[arg-type]
        return [query.expression for query in item.load()[1]]

    assert len(expressions(count=1)) <= 1 < len(expressions(count=30))
    assert expressions(count=30, seed=1) != expressions(count=30, seed=2)
    with pytest.raises(ValueError, match="no picture is left"):
        expressions(licences=frozenset({7}))


def test_pictures_elsewhere_are_found(tmp_path: Path) -> None:
    folder = write("coco", tmp_path / "set")
    (folder / "images").rename(tmp_path / "pictures")

    (item,) = open_data_set("coco", Request(folder=folder, images=tmp_path / "pictures"))

    assert item.image_path == tmp_path / "pictures" / "1.jpg"


def test_an_unknown_name_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"unknown data set 'x'; expected referit, refcoco"):
        open_data_set("x", Request(folder=tmp_path))


@pytest.mark.parametrize(
    ("name", "request_", "message"),
    [
        ("refcoco", {"split": "dev"}, "refcoco has no split 'dev'; it has train, val, testA"),
        ("refcoco", {"partition": "umd"}, "no partition 'umd'; it has unc, google"),
        ("phrasecut", {"partition": "umd"}, "no partition 'umd'; it has none"),
        ("rendered", {"split": "test"}, "rendered has no split 'test'; it has none"),
        ("referit", {"licences": frozenset({4})}, "pictures of referit carry no licence ids"),
    ],
)
def test_an_option_that_a_data_set_lacks_is_refused(
    name: str, request_: dict[str, object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        open_data_set(name, Request(folder=tmp_path, **request_))  # type: ignore[arg-type]
