"""What the page loads of gradio: its styles as one file, its modules all at once, from memory.

Gradio asks for the files of each kind of component when it comes upon one, and its server reads
each anew. A style sheet with a link is not asked for again; a disabled link loads nothing. If a
version of gradio names its files in another way, the page loads as gradio has it.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import re
from pathlib import Path

import gradio

from kakaobot.responses import Response

_ASSETS = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
_FOLDER = "/assets/"
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
_FOREVER = {"cache-control": "private, max-age=31536000, immutable"}
"""Names hold a digest of the content."""
_ENTRY_STYLE = re.compile(rb'<link rel="stylesheet" crossorigin href="\./assets/[\w.-]+\.css">')
_TYPE = re.compile(rb'"type":"(\w+)"')
_DEPENDENCIES = re.compile(r"m\.f=\[(.*?)\]")
_PARTS = r'[{{,]"?{}"?:\{{([^{{}}]*)\}}'
"""What there is of a kind of component, such as an example of it."""
_PART = re.compile(r",(?=\w+:\(\))")
_NUMBERS = re.compile(r"__vite__mapDeps\(\[([\d,]+)\]\)")


def with_page_files(page: bytes) -> bytes:
    """The page with links to all that its components need."""
    names = page_files(frozenset(kind.decode() for kind in _TYPE.findall(page)))
    styles = [name for name in names if name.endswith(".css")]
    if not styles or not _ENTRY_STYLE.search(page):
        return page
    links = [f'<link rel="stylesheet" href=".{_FOLDER}{_bundle_name(tuple(styles))}">']
    links += [f'<link rel="stylesheet" disabled href=".{_FOLDER}{name}">' for name in styles]
    links += [
        f'<link rel="modulepreload" href=".{_FOLDER}{name}">' for name in names if ".js" in name
    ]
    return _ENTRY_STYLE.sub("".join(links).encode(), page, count=1)


@functools.cache
def page_files(kinds: frozenset[str]) -> tuple[str, ...]:
    """Names of the files for a page with these kinds of components, in the order of their use."""
    entry = _only("index-*.js")
    shell = _listed(entry) if entry else []
    core = next((name for name in shell if name.startswith("core-") and ".js" in name), "")
    if not core:
        return ()
    found = [_only("index-*.css"), *shell, _only("Blocks-*.js"), _only("Blocks-*.css")]
    text, listed = (_ASSETS / core).read_text("utf-8"), _listed(core)
    for kind in sorted(kinds):
        for part in _PART.split("".join(re.findall(_PARTS.format(kind), text))):
            numbers = _NUMBERS.search(part) if part.startswith("component:") else None
            found += [listed[int(number)] for number in numbers[1].split(",")] if numbers else []
    return tuple(dict.fromkeys(name for name in found if name and (_ASSETS / name).is_file()))


def asset(path: str, accepted: str) -> Response | None:
    """The response for a module or style sheet; None for what gradio is left to answer.

    Args:
        path: of the request.
        accepted: encodings that the browser accepts.
    """
    content = _content(path.removeprefix(_FOLDER)) if path.startswith(_FOLDER) else None
    if content is None:
        return None
    kind = _TYPES[Path(path).suffix]
    if "gzip" not in accepted:
        return Response(200, gzip.decompress(content), kind, _FOREVER)
    return Response(200, content, kind, {**_FOREVER, "content-encoding": "gzip"})


@functools.cache
def _names() -> dict[str, Path]:
    """Only what lies in the folder is served."""
    return {file.name: file for file in _ASSETS.iterdir() if file.suffix in _TYPES}


def _content(name: str) -> bytes | None:
    """Compressed."""
    return _bundles.get(name) or _compressed(name)


@functools.lru_cache(maxsize=256)
def _compressed(name: str) -> bytes | None:
    file = _names().get(name)
    return gzip.compress(file.read_bytes(), 6) if file else None


_bundles: dict[str, bytes] = {}
"""Style sheets that consist of several, by name; filled when a page is sent."""


@functools.cache
def _bundle_name(styles: tuple[str, ...]) -> str:
    content = "\n".join((_ASSETS / name).read_text("utf-8") for name in styles).encode()
    name = f"page-{hashlib.sha256(content).hexdigest()[:12]}.css"
    _bundles[name] = gzip.compress(content, 6)
    return name


def _only(pattern: str) -> str:
    names = [file.name for file in _ASSETS.glob(pattern)]
    return names[0] if len(names) == 1 else ""


def _listed(name: str) -> list[str]:
    """The files that a module knows, in the order by which it numbers them."""
    found = _DEPENDENCIES.search((_ASSETS / name).read_text("utf-8"))
    return re.findall(r'"\./([\w.-]+)"', found[1]) if found else []
