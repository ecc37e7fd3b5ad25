"""The documentation's links lead somewhere, and what its Python shows is so."""

import ast
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml
from drawn_scenes import BLOCKS, write_scenes
from PIL import Image
from published import python2_pickle, reference, write_refer_folder

from textseg_core.scenes.scene import Scene, SceneObject
from textseg_core.space.camera import CameraModel

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
NOTEBOOKS = sorted((ROOT / "docs").glob("*.ipynb"))
NOT_RUN = re.compile(r"<!-- not run: .+ -->\s*$")
CUBE = """\
v 0 0 0\nv 0.1 0 0\nv 0 0.1 0\nv 0 0 0.2
vt 0 0\nvt 1 0\nvt 0 1
f 1/1 2/2 3/3\nf 1/1 2/2 4/3\nf 1/1 3/2 4/3\nf 2/1 3/2 4/3
"""

Names = dict[str, Any]


def python_blocks(page: Path) -> list[tuple[str, bool]]:
    """Return the Python of a page, each block with whether it claims to run."""
    text = page.read_text(encoding="utf-8")
    return [
        (found[1], NOT_RUN.search(text[: found.start()]) is None)
        for found in re.finditer(r"```python\n(.*?)```", text, flags=re.DOTALL)
    ]


def blocks_that(run: bool) -> list[Any]:
    """Return the blocks of all pages but the README, as cases of a test."""
    return [
        pytest.param(page.name, code, id=f"{page.stem}-{number}")
        for page in PAGES
        if page.name != "README.md"
        for number, (code, runs) in enumerate(python_blocks(page))
        if runs is run
    ]


def jar_next_to_an_apple() -> Names:
    """A scene of two jars and two apples; the second jar is close to the first apple."""
    things = []
    for name, x, y in (
        ("jar", 20, 100),
        ("apple", 100, 100),
        ("jar", 124, 100),
        ("apple", 185, 20),
    ):
        mask = np.zeros((200, 200), np.bool_)
        mask[y - 10 : y + 10, x - 10 : x + 10] = True
        things.append(SceneObject((name,), mask))
    nouns = frozenset({"jar", "apple", "bowl"})
    return {"scene": Scene(np.zeros((200, 200, 3), np.uint8), tuple(things), nouns, scene_id="1")}


def box_in_front_of_a_camera() -> Names:
    """A box of 20 x 20 cm a metre away, seen by a camera and by an equal one for depth."""
    k = [500.0, 0.0, 319.5, 0.0, 500.0, 239.5, 0.0, 0.0, 1.0]
    info = SimpleNamespace(k=k, d=[], distortion_model="plumb_bob")
    pixels = np.full((480, 640), 2000, np.uint16)
    mask = np.zeros((480, 640), np.bool_)
    mask[140:240, 320:420] = True  # its middle is 50 px to the right and above: 0.1 m
    pixels[mask] = 1000
    return {
        "info": info,
        "pixels": pixels,
        "mask": mask,
        "depth_camera": CameraModel.from_info(
            width=640, height=480, k=k, d=[], distortion_model="plumb_bob"
        ),
        "camera_from_depth": np.eye(4),
        "base_from_camera": np.eye(4),
        "up_in_camera": np.array([0.0, -1.0, 0.0]),
    }


def write_refcoco() -> Names:
    folder = write_refer_folder(Path("data"))
    references = [reference(1, 581857, 20, "testA", "left cup")]
    (folder / "refs(unc).p").write_bytes(python2_pickle(references))
    return {}


def write_pack() -> Names:
    for kind in ("meshes", "textures"):
        Path("my_pack", kind).mkdir(parents=True)
    for name in ("pliers", "wrench"):
        Path("my_pack", "meshes", f"{name}.obj").write_text(CUBE)
        Image.new("RGB", (8, 8), (200, 30, 20)).save(f"my_pack/textures/{name}.png")
    return {}


def write_table() -> Names:
    Image.fromarray(np.full((48, 64, 3), 120, np.uint8)).save("table.jpg")
    return {}


def write_rendered() -> Names:
    write_scenes(Path("runs/scenes/test"), "test", *BLOCKS)
    return {}


#: What the reader has before the first block of a page.
GIVEN: dict[str, Callable[[], Names]] = {
    "datasets.md": write_refcoco,
    "depth.md": box_in_front_of_a_camera,
    "expressions.md": jar_next_to_an_apple,
    "reasoner.md": jar_next_to_an_apple,
    "scenes.md": write_rendered,
    "start_without_ros.md": write_table,
    "tutorial_own_objects.md": write_pack,
}
#: What the block must have printed.
PRINTED = {
    "backends.md": r"^backend onnx on cpu in fp32; onnxruntime",
    "depth.md": r"^\[ 0\.1 -0\.1  1\. \]$",
    "published.md": r"^56\.51 mattnet, Table 4$",
    "reasoner.md": r"^jar 2: next to apple 1, [01]\.\d\d$",
    "scenes.md": r"^3 \['red', 'green'\] \(96, 96\)$",
    "start_without_ros.md": r"^Status\.NOT_FOUND ",
    "tutorial_own_objects.md": r"^pliers \('pliers', 'pair of pliers'\) \['10\.0 cm',",
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]

    assert [target for target in local if not (page.parent / target).exists()] == []


@pytest.mark.parametrize(("page", "code"), blocks_that(run=True))
def test_python_that_claims_to_run_does(
    page: str,
    code: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    names: Names = {"__name__": "__main__"} | GIVEN.get(page, dict)()

    exec(compile(code, page, "exec"), names)

    assert re.search(PRINTED.get(page, ""), capsys.readouterr().out, flags=re.MULTILINE)


@pytest.mark.parametrize(("page", "code"), blocks_that(run=False))
def test_python_that_cannot_run_here_imports_what_there_is(page: str, code: str) -> None:
    for node in ast.walk(ast.parse(code, page)):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            module = importlib.import_module(node.module)
            assert [one.name for one in node.names if not hasattr(module, one.name)] == []


def test_the_python_example_of_the_readme_runs_as_it_stands() -> None:
    ((example, _),) = python_blocks(ROOT / "README.md")

    run = subprocess.run(
        [sys.executable, "-c", example],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert run.returncode == 0, run.stderr
    # The can next to the bowl: textseg_ros/demo/pictures/boxes.yaml, at (285, 224), 46 x 79.
    found = re.match(r"Status\.FOUND 0\.9\d* \((\d+)\.\d*, (\d+)\.", run.stdout)
    assert found is not None, run.stdout
    assert 285 < int(found[1]) < 331
    assert 224 < int(found[2]) < 303


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_the_cells_of_a_notebook_run_and_hold_no_output(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    names: Names = {"__name__": "__main__"}
    shown = []
    for cell in cells:
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, path.name, "exec"), names)
        if isinstance(last, ast.Expr):
            shown.append(eval(compile(ast.Expression(last.value), path.name, "eval"), names))

    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in cells)
    assert capsys.readouterr().out.startswith("Status.")
    # Jupyter shows these below their cells.
    assert sum(isinstance(value, Image.Image) for value in shown) == 4


def test_every_page_stands_in_the_navigation_of_the_site_once() -> None:
    def pages(entry: Any) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        parts = entry if isinstance(entry, list) else entry.values()
        return [page for part in parts for page in pages(part)]

    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))

    written = [path.name for path in PAGES if path.parent.name == "docs"]
    notebooks = [path.with_suffix(".md").name for path in NOTEBOOKS]
    assert sorted(pages(site["nav"])) == sorted([*written, *notebooks])
    assert site["theme"]["font"] is False
