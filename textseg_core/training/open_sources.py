"""Opens what a run learns from: the folders on the command line, as sources of scenes."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from textseg_core.datasets.described import Described
from textseg_core.datasets.grocery import load_grocery
from textseg_core.datasets.photos import Photo, category_names, load_photos
from textseg_core.datasets.registry import Request, open_data_set
from textseg_core.language.words import split_words
from textseg_core.scenes.cache import RenderedScenes
from textseg_core.scenes.scene import Scene
from textseg_core.scenes.stuff import STUFF
from textseg_core.training import compose, lexical, vocabulary
from textseg_core.training.settings import TrainSettings
from textseg_core.training.sources import (
    DescribedSource,
    PastedSource,
    PhotoSource,
    RenderedSource,
    Source,
    SourceSet,
    StuffSource,
    TableSource,
    WeakSource,
    is_validation,
    photo_scene,
)

_RENDERED = frozenset(("scenes", "stuff"))
_FROM_PHOTOGRAPHS = frozenset(("photographs", "pasted"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """What the command line names.

    Attributes:
        data: Holds `photos/`, `surfaces/`, `objects/`, `grocery/` and `backbones/`, each
            only where it is used; None if nothing of it is.
        scenes: Rendered scenes.
        sprites: Rendered cut-outs.
    """

    data: Path | None = None
    scenes: tuple[Path, ...] = ()
    sprites: Path | None = None

    def within(self, name: str, purpose: str) -> Path:
        """Return a folder of the data, which `purpose` needs."""
        if self.data is None:
            raise ValueError(f"{purpose} needs --data FOLDER with {name}/ in it, or must go")
        folder = self.data / name
        if not folder.is_dir():
            raise ValueError(f"{folder} is missing: {purpose} needs it, or must go")
        return folder


class _Joined:
    """Several folders of rendered scenes as one."""

    def __init__(self, folders: Sequence[RenderedScenes]) -> None:
        self._folders = folders

    def views_by_scene(self) -> list[tuple[int, ...]]:
        """Return the indices of each settled scene's views, in order."""
        grouped: dict[tuple[int, str], list[int]] = {}
        index = 0
        for number, folder in enumerate(self._folders):
            for name in folder.names:
                grouped.setdefault((number, name.rpartition("_")[0]), []).append(index)
                index += 1
        return [tuple(views) for views in grouped.values()]

    def name(self, index: int) -> str:
        """Return the name of a view without reading it."""
        for folder in self._folders:
            if index < len(folder):
                return folder.names[index]
            index -= len(folder)
        raise IndexError(index)

    def __getitem__(self, index: int) -> Scene:
        for folder in self._folders:
            if index < len(folder):
                return folder[index]
            index -= len(folder)
        raise IndexError(index)


def sources_in_use(settings: TrainSettings) -> frozenset[str]:
    """Return the sources that any stage draws from."""
    used = {name for stage in settings.stages for name, w in stage.mixture.items() if w > 0}
    if "photographs" in settings.ablate:
        used -= {*_FROM_PHOTOGRAPHS, "described", "weak"}
    if not used:
        raise ValueError("no source is left to learn from; change mixture or ablate")
    return frozenset(used)


def open_sources(settings: TrainSettings, folders: Folders) -> SourceSet:
    """Open every source that the settings use.

    Raises:
        ValueError: If a folder is missing or damaged; says which, and which source wants it.
    """
    used = sources_in_use(settings)
    by_name: dict[str, Source] = {}
    nouns: dict[str, None] = {}
    texts: list[str] = []
    counts: dict[str, int] = {}
    validation: dict[str, Callable[[int], list[Scene]]] = {}

    if used & _RENDERED:
        if not folders.scenes:
            raise ValueError(
                "source 'scenes' or 'stuff' needs --scenes FOLDER; see textseg_core.scenes"
            )
        stores = [RenderedScenes(folder, depth=False) for folder in folders.scenes]
        for folder, opened in zip(folders.scenes, stores, strict=True):
            if opened.split == "test":
                raise ValueError(f"{folder} holds test scenes, which training must not see")
            nouns |= dict.fromkeys(sorted(opened.nouns))
        store = _Joined(stores)
        kept_out: list[int] = []
        learnt: list[tuple[int, ...]] = []
        for views in store.views_by_scene():
            if is_validation(store.name(views[0])):
                kept_out += views
            else:
                learnt.append(views)
        learnt = learnt[: settings.most.get("scenes")]
        if not learnt:
            raise ValueError(
                f"{folders.scenes[0]}: no scene is left beside those for validation; "
                "generate more with textseg_core.scenes.generate"
            )
        views_learnt = [view for views in learnt for view in views]
        by_name["scenes"] = RenderedSource(store, views_learnt)
        if "stuff" in used:
            deep = _Joined([RenderedScenes(folder) for folder in folders.scenes])
            by_name["stuff"] = StuffSource(deep, views_learnt)
            nouns |= dict.fromkeys(noun for words in STUFF.values() for noun in words)
            counts["stuff"] = len(learnt)
        counts["scenes"] = len(learnt)
        validation["scenes"] = lambda most: [store[i] for i in _spread(kept_out, most)]

    licences = None if settings.licences is None else frozenset(settings.licences)
    photos: list[Photo] = []
    photo_names: frozenset[str] = frozenset()
    if used & {*_FROM_PHOTOGRAPHS}:
        folder = folders.within("photos", "source 'photographs' or 'pasted'")
        every = load_photos(folder, held_out=False, licences=licences)
        photo_names = frozenset(category_names(folder))
        nouns |= dict.fromkeys(vocabulary.photo_nouns(sorted(photo_names)))
        photos = [photo for photo in every if not is_validation(f"photo-{photo.image_id}")]
        photos = photos[: settings.most.get("photographs")]
        kept = [photo for photo in every if is_validation(f"photo-{photo.image_id}")]
        if not photos:
            raise ValueError(f"{folder}: no photograph is left beside those for validation")
        by_name["photographs"] = PhotoSource(photos, photo_names)
        counts["photographs"] = len(photos)
        validation["photographs"] = lambda most: [
            photo_scene(photo, photo_names) for photo in kept[:most]
        ]
    if used & {"tables", "pasted"}:
        flat = compose.SceneSources(
            photos=photos,
            cut_outs=compose.cut_outs(photos) if "pasted" in used else [],
            sprites=_sprites(folders.sprites, needed="tables" in used),
            surfaces=(
                compose.load_surfaces(folders.within("surfaces", "source 'tables'"))
                if "tables" in used
                else []
            ),
            photo_names=photo_names,
        )
        nouns |= dict.fromkeys(sorted(compose.table_names(flat)))
        if "pasted" in used:
            by_name["pasted"] = PastedSource(PhotoSource(photos, photo_names), flat)
            counts["cut_outs"] = len(flat.cut_outs)
        if "tables" in used:
            by_name["tables"] = TableSource(flat)
            counts["sprites"] = len(flat.sprites)
    if "described" in used:
        pictures: list[Described] = []
        for given in settings.described:
            one = open_data_set(*_request(given, licences))
            for picture in one[:1]:
                picture.load()  # so that missing folders are told before the run begins
            pictures += one
        if not pictures:
            raise ValueError("source 'described' needs a list of data sets under 'described'")
        by_name["described"] = DescribedSource(pictures)
        texts += [text for picture in pictures for text in picture.expressions]
        nouns |= dict.fromkeys(vocabulary.photo_nouns(()))
        counts["described"] = len(pictures)
    if "weak" in used:
        shown = load_grocery(folders.within("grocery", "source 'weak'"))
        by_name["weak"] = WeakSource(shown)
        nouns |= dict.fromkeys(name for picture in shown for name in picture.names)
        counts["weak"] = len(shown)

    return SourceSet(
        {name: by_name[name] for name in sorted(used)},
        tuple(nouns),
        tuple(texts),
        lambda most: {name: found for name, draw in validation.items() if (found := draw(most))},
        counts,
    )


def run_vocabulary(sources: SourceSet, backbones: Path | None) -> list[str]:
    """Return the words of a run: of its templates, nouns and texts, and of ImageNet's labels.

    A word that people wrote only once teaches nothing and is left out.
    """
    labels: list[str] = []
    if backbones is not None:
        labels = lexical.label_nouns(lexical.read_labels(backbones / "imagenet_labels.txt"))
    counted = Counter(word.plain for text in sources.texts for word in split_words(text))
    written = sorted(word for word, times in counted.items() if times > 1)
    words = vocabulary.build_vocabulary(sources.nouns, labels)
    return list(dict.fromkeys((*words, *written)))


def _spread(indices: Sequence[int], most: int) -> list[int]:
    """Return up to `most` of the indices, evenly spread."""
    count = min(most, len(indices))
    return [indices[place * len(indices) // count] for place in range(count)]


def _sprites(folder: Path | None, *, needed: bool) -> list[compose.Sprite]:
    if folder is None:
        if needed:
            raise ValueError("source 'tables' needs --sprites FOLDER; see training.sprites")
        return []
    return compose.load_sprites(folder)


def _request(given: object, licences: Collection[int] | None) -> tuple[str, Request]:
    """Return the name of a data set and what is asked of it, from the settings."""
    if not isinstance(given, dict) or "format" not in given or "folder" not in given:
        raise ValueError(f"a data set needs 'format' and 'folder', got {given!r}")
    options = {key: value for key, value in given.items() if key not in ("format", "folder")}
    if "images" in options:
        options["images"] = Path(options["images"])
    if licences is not None:
        options.setdefault("licences", frozenset(licences))
    try:
        return str(given["format"]), Request(folder=Path(given["folder"]), **options)
    except TypeError as error:
        raise ValueError(f"data set {given!r}: {error}") from error
