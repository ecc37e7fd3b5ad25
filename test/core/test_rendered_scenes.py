from pathlib import Path

import numpy as np
import pytest

from textseg_core.datasets.rendered import load_rendered
from textseg_core.scenes.cache import SETTINGS_FILE, save_view, view_stem
from textseg_core.scenes.scene import Placement, Scene, SceneObject
from textseg_core.scenes.split import admits

SIDE = 80


def write_scenes(folder: Path, split: str, count: int = 3) -> Path:
    """Scenes with a red mug, a blue can and a green box side by side, as the cache keeps them."""
    import json

    folder.mkdir(parents=True)
    nouns = ["mug", "can", "box", "bowl", "ball"]
    (folder / SETTINGS_FILE).write_text(json.dumps({"split": split, "nouns": nouns}))
    for number in range(count):
        things = []
        for place, (name, colour) in enumerate(
            (("mug", "red"), ("can", "blue"), ("box", "green"))
        ):
            mask = np.zeros((SIDE, SIDE), np.bool_)
            mask[30:50, 5 + 25 * place : 22 + 25 * place] = True
            where = Placement((0.1 * place - 0.1, 0.0, 0.04), (0.06, 0.06, 0.08))
            things.append(
                SceneObject((name,), mask, colors=(colour,), object_id=name, placement=where)
            )
        scene = Scene(
            np.full((SIDE, SIDE, 3), 40 * number, np.uint8),
            tuple(things),
            frozenset(nouns),
            scene_id=f"{number}",
            depth=np.full((SIDE, SIDE), 0.5, np.float32),
            intrinsics=np.eye(3),
        )
        save_view(scene, view_stem(folder, number, 0))
    return folder


def test_rendered_scenes_load_with_depth_and_expressions(tmp_path: Path) -> None:
    described = load_rendered(write_scenes(tmp_path / "s", "train"), count=10)

    scene, queries = described[1].load()

    assert [(item.key, item.image_path) for item in described] == [
        ("0", None),
        ("1", None),
        ("2", None),
    ]
    assert scene.scene_id == "1"
    assert scene.depth is not None
    assert scene.depth[0, 0] == pytest.approx(0.5)
    assert len(queries) >= 5


def test_the_same_seed_writes_the_same(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "s", "train", 1)

    first, again, other = (load_rendered(folder, seed=seed)[0].load()[1] for seed in (3, 3, 4))

    assert first == again
    assert first != other


@pytest.mark.parametrize("split", ["train", "test"])
def test_expressions_combine_what_the_split_of_the_scenes_admits(
    tmp_path: Path, split: str
) -> None:
    described = load_rendered(write_scenes(tmp_path / "s", split, 4), count=30)

    queries = [query for item in described for query in item.load()[1]]

    assert len(queries) > 20
    assert all(admits(split, query.compositions) for query in queries)  # type: ignore[arg-type]
    assert any(query.compositions for query in queries)


def test_a_split_that_no_expression_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected scenes of train, test, all, got 'other'"):
        load_rendered(write_scenes(tmp_path / "s", "other", 1))


def test_a_folder_without_scenes_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"scenes\.json is missing: .*scenes\.generate"):
        load_rendered(tmp_path)
