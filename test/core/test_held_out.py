"""The committed list of what training never sees, against what the digests say."""

import json
import os
from pathlib import Path

import pytest

from textseg_core.expressions.held_out import KEYS, LIST, held_out_list, main, read_pack
from textseg_core.scenes.split import is_held_out_composition, is_held_out_object

_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"
OBJECTS = Path(os.environ.get("TEXTSEG_DATA") or _BESIDE) / "objects"


def parts(text: str) -> tuple[list[str], dict[str, list[str]]]:
    """Return the objects and, by category, the words of a list."""
    objects, _, compositions = text.partition("# Words")
    by_category = (line.partition(": ") for line in compositions.splitlines()[1:])
    return objects.splitlines()[1:], {
        category: [word for word in words.split(", ") if word]
        for category, _, words in by_category
    }


def test_the_committed_list_holds_all_that_the_digests_say_of_made_shapes() -> None:
    committed, now = parts(LIST.read_text(encoding="utf-8")), parts(held_out_list())

    assert set(now[0]) <= set(committed[0])
    assert {category: committed[1].get(category) for category in now[1]} == now[1]


def test_the_committed_list_holds_nothing_else() -> None:
    objects, compositions = parts(LIST.read_text(encoding="utf-8"))

    assert all(is_held_out_object(object_id) for object_id in objects)
    for category, words in compositions.items():
        assert words == [key for key in KEYS if is_held_out_composition(key, category)]


@pytest.mark.data
def test_the_committed_list_holds_the_pack() -> None:
    if not OBJECTS.is_dir():
        pytest.skip(f"the object pack is not here: no folder {OBJECTS}; set TEXTSEG_DATA")

    assert LIST.read_text(encoding="utf-8") == held_out_list(read_pack(OBJECTS))


def test_a_pack_is_listed_beside_the_made_shapes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = [f"my_{k}" for k in range(40)]
    items = [{"id": i, "category": "gizmo"} for i in ids]
    (tmp_path / "manifest.json").write_text(json.dumps(items), encoding="utf-8")

    main(["--objects", str(tmp_path)])

    objects, compositions = parts(capsys.readouterr().out)
    assert {i for i in objects if i.startswith("my_")} == {i for i in ids if is_held_out_object(i)}
    assert "gizmo" in compositions


def test_a_missing_or_damaged_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"manifest\.json cannot be read"):
        read_pack(tmp_path / "manifest.json")
    (tmp_path / "manifest.json").write_text('[{"id": "a"}]', encoding="utf-8")
    with pytest.raises(ValueError, match=r"manifest\.json is no manifest.*category"):
        read_pack(tmp_path)
