from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn import flat_sprite
from drawn_data import write_data
from drawn_scenes import BLOCKS, block_scene, write_scenes
from published import write_referit

from textseg_core.datasets.described import Described
from textseg_core.datasets.grocery import LabelledPhoto
from textseg_core.datasets.photos import Photo, load_photos
from textseg_core.scenes.cache import save_view, view_stem
from textseg_core.scenes.scene import Query, Scene
from textseg_core.training.compose import SceneSources
from textseg_core.training.framing import Window, frame_scene
from textseg_core.training.open_sources import Folders, open_sources, run_vocabulary
from textseg_core.training.settings import Stage, TrainSettings
from textseg_core.training.sources import (
    DescribedSource,
    PastedSource,
    PhotoSource,
    SourceSet,
    TableSource,
    WeakSource,
    is_validation,
    photo_scene,
    shrink_scene,
)

NAMES = frozenset({"dog", "cup"})
RED, GREEN = (200, 0, 0), (0, 200, 0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_data(tmp_path)


def photos_of(data: Path) -> list[Photo]:
    return load_photos(data / "photos", held_out=False)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_all_views_of_a_scene_fall_on_the_same_side() -> None:
    kept = [number for number in range(2000) if is_validation(f"{number:06d}_0")]

    assert [is_validation(f"{number:06d}_{view}") for number in kept for view in (1, 2)].count(
        True
    ) == 2 * len(kept)
    assert len(kept) / 2000 == pytest.approx(0.08, abs=0.02)


def test_rendered_scenes_for_validation_are_never_learnt_from(data: Path) -> None:
    source = opened(data, "scenes").by_name["scenes"]
    stream = rng()

    drawn = {source.draw(stream, 64).scene.scene_id for _ in range(120)}

    assert drawn == {f"{number:06d}_0" for number in range(9)}
    assert is_validation("000009_0")


def test_a_photograph_is_cut_as_any_scene_is(data: Path) -> None:
    photo = photos_of(data)[0]
    window = Window(40, 10, 70, 60)

    direct = photo_scene(photo, NAMES, window)
    framed = frame_scene(photo_scene(photo, NAMES), window)

    assert (direct.image == framed.image).all()
    assert direct.hidden_names == framed.hidden_names
    assert direct.scene_id == framed.scene_id == "photo-0"
    for mine, other in zip(direct.objects, framed.objects, strict=True):
        assert (mine.mask == other.mask).all()
        assert (mine.names, mine.countable) == (other.names, other.countable)
    dog, crowd = photo_scene(photo, NAMES).objects
    assert dog.countable
    assert not crowd.countable


def test_masks_follow_a_photograph(data: Path) -> None:
    source = PhotoSource(photos_of(data), NAMES)
    stream = rng()
    sizes = set()
    for _ in range(20):
        scene = source.draw(stream, 64).scene
        sizes.add(scene.image.shape)
        for item in scene.objects:
            if "dog" in item.names:
                assert (scene.image[item.mask] == RED).all()
        assert any("dog" in item.names for item in scene.objects) or "dog" in scene.hidden_names
    assert len(sizes) > 10


def test_a_shrunken_scene_keeps_its_masks_on_its_things(data: Path) -> None:
    small = shrink_scene(photo_scene(photos_of(data)[0], NAMES), 60)

    assert small.image.shape == (45, 60, 3)
    dog = small.objects[0]
    assert dog.box == (10, 10, 35, 40)
    assert (small.image[dog.mask] == RED).all()


def test_things_are_pasted_into_photographs(data: Path) -> None:
    photos = photos_of(data)
    mugs = [flat_sprite("mug", GREEN, side=60)]
    flat = SceneSources(photos=photos, cut_outs=mugs, sprites=[], surfaces=[], photo_names=NAMES)
    source, stream = PastedSource(PhotoSource(photos, NAMES), flat), rng()

    drawn = [source.draw(stream, 96).scene for _ in range(12)]

    assert all(max(scene.image.shape) == 96 for scene in drawn)
    mugs_seen = [item for scene in drawn for item in scene.objects if item.names == ("mug",)]
    assert len(mugs_seen) > 6
    names = Counter(name for scene in drawn for item in scene.objects for name in item.names)
    assert names["dog"] > 3
    assert all(photo.image[0, 0, 0] == 90 for photo in photos)  # the originals are left alone


def test_a_table_shows_rendered_things() -> None:
    mugs = [
        flat_sprite("mug", GREEN, elevation_deg=float(angle), pixels_per_metre=400.0)
        for angle in (20, 35, 50, 65)
    ]
    grey = np.full((64, 64, 3), 128, np.uint8)
    flat = SceneSources(photos=[], cut_outs=[], sprites=mugs, surfaces=[grey], photo_names=NAMES)

    scene = TableSource(flat).draw(rng(), 96).scene

    assert scene.image.shape == (96, 96, 3)
    assert {item.names for item in scene.objects} == {("mug",)}


def test_published_expressions_come_in_random_order_with_their_picture() -> None:
    picture = Scene(np.zeros((8, 8, 3), np.uint8), (), frozenset())
    queries = tuple(Query(text, (), "referring") for text in "abcd")
    shown = Described("refcoco", "1", None, (), lambda: (picture, queries))
    nothing = Described("refcoco", "2", None, (), lambda: (picture, ()))
    source, stream = DescribedSource([nothing, shown]), rng()

    drawn = [source.draw(stream, 8) for _ in range(8)]

    assert all(scene is picture for scene, _, _ in drawn)
    assert len({tuple(q.expression for q in d.queries) for d in drawn}) > 3
    assert all(sorted(q.expression for q in d.queries) == list("abcd") for d in drawn)


def test_weak_labels_call_only_names_of_other_groups_absent(data: Path) -> None:
    pictures = [
        LabelledPhoto(data / "grocery" / f"{name}.jpg", fine, name, group)
        for name, fine, group in (
            ("apple", "granny smith", "fruit"),
            ("pear", "anjou", "fruit"),
            ("milk", "oat milk", "packages"),
        )
    ]
    source, stream = WeakSource(pictures), rng()
    said: dict[frozenset[str], set[str]] = {}
    for _ in range(40):
        scene, queries, weak = source.draw(stream, 64)
        present = frozenset(query.expression for query in queries if query.targets)
        absent = {query.expression for query in queries if not query.targets}
        said.setdefault(present, set()).update(absent)
        assert weak
        assert scene.objects == ()
        assert scene.image.shape == (90, 120, 3)

    assert said == {
        frozenset({"the apple", "the granny smith", "the fruit"}): {"the milk"},
        frozenset({"the pear", "the anjou", "the fruit"}): {"the milk"},
        frozenset({"the milk", "the oat milk", "the packages"}): {"the apple", "the pear"},
    }


def settings(*sources: str, **more: Any) -> TrainSettings:
    stage = Stage(mixture=dict.fromkeys(sources, 1.0))
    return TrainSettings(steps=1, stages=(stage,), **more)


def opened(data: Path, *sources: str, **more: Any) -> SourceSet:
    folders = Folders(data=data, scenes=(data / "scenes",), sprites=data / "sprites")
    return open_sources(settings(*sources, **more), folders)


def test_every_source_of_the_mixture_is_opened_and_counted(data: Path) -> None:
    sources = opened(data, "scenes", "photographs", "pasted", "tables", "weak")

    assert set(sources.by_name) == {"scenes", "photographs", "pasted", "tables", "weak"}
    counts = dict(sources.counts)
    assert (counts["scenes"], counts["photographs"], counts["sprites"]) == (9, 3, 4)
    assert {"red", "dog", "mug", "anjou"} <= set(sources.nouns)
    assert "granny smith" not in sources.nouns  # its photograph is kept out of training
    stream = rng()
    drawn = Counter(
        sources.draw({"scenes": 3.0, "tables": 1.0, "weak": 0.0}, stream, 64)[0]
        for _ in range(200)
    )
    assert set(drawn) == {"scenes", "tables"}
    assert drawn["scenes"] == pytest.approx(150, abs=25)


def test_validation_has_scenes_that_are_not_learnt_from(data: Path) -> None:
    kept = opened(data, "scenes", "photographs").validation(5)

    assert [scene.scene_id for scene in kept["scenes"]] == ["000009_0"]
    assert [scene.scene_id for scene in kept["photographs"]] == ["photo-2", "photo-9"]
    assert len(opened(data, "photographs").validation(1)["photographs"]) == 1


def test_licences_choose_the_photographs(data: Path) -> None:
    assert opened(data, "photographs", licences=(4,)).counts["photographs"] == 2


def test_without_real_photographs_only_rendered_scenes_are_opened(data: Path) -> None:
    sources = opened(data, "scenes", "photographs", "pasted", ablate=("photographs",))

    assert set(sources.by_name) == {"scenes"}
    with pytest.raises(ValueError, match="no source is left"):
        opened(data, "photographs", ablate=("photographs",))


def test_several_folders_of_scenes_are_one(data: Path) -> None:
    write_scenes(data / "more", "train", *BLOCKS)
    folders = Folders(scenes=(data / "scenes", data / "more"))

    sources = open_sources(settings("scenes"), folders)

    assert sources.counts["scenes"] == 9 + 3  # number 9 is for validation
    assert [scene.scene_id for scene in sources.validation(5)["scenes"]] == ["000009_0"]


def test_a_learning_curve_takes_the_first_scenes_and_photographs(data: Path) -> None:
    sources = opened(data, "scenes", "photographs", most={"scenes": 2, "photographs": 1})
    stream = rng()

    drawn = {
        sources.draw({name: 1.0}, stream, 64)[1].scene.scene_id
        for name in ("scenes", "photographs")
        for _ in range(20)
    }

    assert drawn == {"000000_0", "000001_0", "photo-0"}
    assert dict(sources.counts) == {"scenes": 2, "photographs": 1}
    assert len(sources.validation(5)["photographs"]) == 2


def test_views_of_one_scene_count_once(data: Path) -> None:
    scene = block_scene("000000_1", BLOCKS[0])
    save_view(scene, view_stem(data / "scenes", 0, 1))

    assert opened(data, "scenes").counts["scenes"] == 9


def test_scenes_that_are_all_for_validation_are_refused(data: Path) -> None:
    for path in (data / "scenes").glob("*/*"):
        if not path.name.startswith("000009"):
            path.unlink()

    with pytest.raises(ValueError, match="no scene is left beside those for validation"):
        opened(data, "scenes")


def test_test_scenes_are_refused(data: Path) -> None:
    write_scenes(data / "unseen", "test", *BLOCKS)

    with pytest.raises(ValueError, match="unseen holds test scenes"):
        open_sources(settings("scenes"), Folders(scenes=(data / "unseen",)))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("scenes", "needs --scenes FOLDER"),
        ("photographs", "needs --data FOLDER with photos/"),
        ("tables", "needs --sprites FOLDER"),
        ("weak", "needs --data FOLDER with grocery/"),
        ("described", "a list of data sets under 'described'"),
    ],
)
def test_a_source_without_its_folder_says_what_it_needs(source: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        open_sources(settings(source), Folders())


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"photos is missing: source 'photographs'"):
        open_sources(settings("photographs"), Folders(data=tmp_path))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"format": "photos"}, "needs 'format' and 'folder'"),
        ({"format": "photos", "folder": "x", "half": 1}, "half"),
        ({"format": "nothing", "folder": "x"}, "unknown data set 'nothing'"),
    ],
)
def test_a_wrong_data_set_is_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        open_sources(settings("described", described=(given,)), Folders())


def test_a_data_set_is_opened_by_its_format(data: Path) -> None:
    given = {"format": "photos", "folder": str(data / "photos")}

    sources = opened(data, "described", described=(given,), licences=(4,))

    assert sources.counts["described"] == 4
    assert sources.by_name["described"].draw(rng(), 64).queries


def test_masks_that_are_missing_are_told_when_the_data_set_is_opened(tmp_path: Path) -> None:
    folder = write_referit(tmp_path, pictures=False)
    given = {"format": "referit", "folder": str(folder)}

    with pytest.raises(ValueError, match="mask is missing: expected the folder of the regions'"):
        open_sources(settings("described", described=(given,)), Folders())


def test_words_that_people_wrote_twice_join_the_vocabulary() -> None:
    words = run_vocabulary(SourceSet({}, ("mug",), ("that lamp!", "Lamp yonder")), None)

    assert {"mug", "mugs", "lamp"} <= set(words)
    assert "yonder" not in words
    assert words[:4] == ["<pad>", "<go>", "<eos>", "<unk>"]
