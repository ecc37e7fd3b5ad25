"""Hook of MkDocs: shows on the site what pages link to outside docs/, and the notebook as a page.

On GitHub a link to `../msg/Segmentation.msg` opens the file. On the site it leads to a page that
shows the file as it was when the site was built.
"""

import json
import re
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_LINK = re.compile(r"\]\((?P<target>[^)\s#:]+)(?P<anchor>#[^)\s]*)?\)")
_LANGUAGES = {".yaml": "yaml", ".py": "python", ".json": "json"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each file outside docs/ that a page links to, and for each notebook."""
    docs = Path(config.docs_dir)
    for page in list(files.documentation_pages()):
        text = page.content_string
        for found in _LINK.finditer(text):
            path = _outside(docs, page.src_uri, found["target"])
            uri = path and _uri(docs, path)
            if path and uri and files.get_file_from_path(uri) is None:
                files.append(File.generated(config, uri, content=_shown(path)))
    for file in list(files):
        if file.src_uri.endswith(".ipynb"):
            content = notebook_page(json.loads(file.content_string), file.name)
            uri = str(PurePosixPath(file.src_uri).with_suffix(".md"))
            files.append(File.generated(config, uri, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links to files outside docs/ to their pages."""
    docs = Path(config.docs_dir)
    here = PurePosixPath(page.file.src_uri).parent

    def led(found: re.Match[str]) -> str:
        target = PurePosixPath(found["target"])
        if target.suffix == ".ipynb" and target.stem != page.file.name:
            return f"]({target.with_suffix('.md')})"
        path = _outside(docs, page.file.src_uri, found["target"])
        if path is None:
            return found[0]
        up = "../" * len(here.parts)
        return f"]({up}{_uri(docs, path)})"

    return _LINK.sub(led, markdown)


def notebook_page(notebook: dict[str, Any], name: str) -> str:
    """Return the cells of a notebook as Markdown, without what they printed."""
    shown = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        shown.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
    return "\n\n".join([*shown, f"This page is [a notebook]({name}.ipynb).", ""])


def _outside(docs: Path, page: str, target: str) -> Path | None:
    """Return the file that a link leads to if it lies in the repository, but not in docs/."""
    path = (docs / page).parent.joinpath(target).resolve()
    inside = docs in path.parents or docs.parent not in path.parents
    return None if inside or not path.is_file() else path


def _uri(docs: Path, path: Path) -> str:
    return f"source/{path.relative_to(docs.parent).as_posix()}.md"


def _shown(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    language = _LANGUAGES.get(path.suffix, "text")
    return f"# {path.name}\n\n```{language}\n{text}\n```\n"
