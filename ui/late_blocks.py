"""Blocks whose page gets some of their contents when it asks for them.

A page builds all components of its configuration, and looks through all of them at every event. So
the configuration leaves out what is in some columns, with the events that begin there. The server
sends it later as gradio does for `gr.render`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import gradio as gr

Config = dict[str, Any]


class LateBlocks(gr.Blocks):
    """Blocks with late contents."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.contents: dict[int, int] = {}
        """Id of the column of contents by that of the event that asks for them."""
        self._parts: Mapping[int, Config] = {}
        super().__init__(*args, **options)

    def whole_config(self) -> Config:
        """The configuration with all contents."""
        return cast("Config", super().get_config_file())

    def get_config_file(self) -> Any:
        """What a page gets at first."""
        config, self._parts = split(self.whole_config(), self.contents)
        return config

    async def process_api(self, block_fn: Any, *args: Any, **kwargs: Any) -> Config:
        """As in `gr.Blocks`; adds the contents that were asked for."""
        answer = dict(await super().process_api(block_fn, *args, **kwargs))
        if part := self._parts.get(block_fn._id):
            answer["render_config"] = copy.deepcopy(part)
        return answer


@dataclass
class _Part:
    """The contents of a column."""

    node: Config
    """In the layout."""
    ids: set[int]


def split(config: Config, contents: Mapping[int, int]) -> tuple[Config, dict[int, Config]]:
    """Take contents out of a configuration.

    Args:
        config: of gradio; its layout is changed.
        contents: id of a column by that of the event that asks for what is in it.

    Returns:
        The configuration without them, and what gradio calls a `render_config` by event.
    """
    components = {component["id"]: component for component in config["components"]}
    parts = {event: _part(config["layout"], column) for event, column in contents.items()}
    roots = _roots(config["dependencies"])
    late: dict[int, list[Config]] = {event: [] for event in parts}
    first: list[Config] = []
    for dependency in config["dependencies"]:
        targets = {target for target, _ in roots[dependency["id"]]["targets"]}
        event = next((e for e, part in parts.items() if targets and targets <= part.ids), None)
        (first if event is None else late[event]).append(dependency)
    _fix_interactive(config, parts)
    rendered = {
        event: {
            "render_id": contents[event],
            "layout": copy.deepcopy(part.node),
            "components": [components[number] for number in sorted({part.node["id"], *part.ids})],
            "dependencies": late[event],
        }
        for event, part in parts.items()
    }
    for part in parts.values():
        part.node["children"] = []
    return _without(config, {i for part in parts.values() for i in part.ids}, first), rendered


def _without(config: Config, gone: set[int], dependencies: list[Config]) -> Config:
    """The configuration without the components that are gone, and with these events only.

    A page must know which values of an event are states, which it does not send.
    """
    kept = []
    for component in config["components"]:
        if component["id"] not in gone:
            kept.append(component)
        elif component["type"] == "state":
            kept.append({**component, "props": {**component["props"], "visible": False}})
    ids = [component["id"] for component in kept]
    pages = {
        name: {
            **page,
            "components": ids,
            "dependencies": [dependency["id"] for dependency in dependencies],
            "layout": config["layout"],
        }
        for name, page in config["page"].items()
    }
    return {**config, "components": kept, "dependencies": dependencies, "page": pages}


def _part(layout: Config, column: int) -> _Part:
    node = next(node for node in _nodes(layout) if node["id"] == column)
    return _Part(node, {below["id"] for below in _nodes(node)} - {column})


def _nodes(node: Config) -> Iterator[Config]:
    yield node
    for child in node.get("children") or ():
        yield from _nodes(child)


def _roots(dependencies: list[Config]) -> dict[int, Config]:
    """The event at the beginning of the chain of each, by id."""
    by_id = {dependency["id"]: dependency for dependency in dependencies}
    roots: dict[int, Config] = {}
    for number, dependency in by_id.items():
        root = dependency
        while root.get("trigger_after") is not None:
            root = by_id[root["trigger_after"]]
        roots[number] = root
    return roots


def _fix_interactive(config: Config, parts: Mapping[int, _Part]) -> None:
    """Decide for contents what a page decides by the events that it knows."""
    inputs = {i for dependency in config["dependencies"] for i in dependency["inputs"]}
    outputs = {i for dependency in config["dependencies"] for i in dependency["outputs"]}
    late = {number for part in parts.values() for number in part.ids}
    for component in config["components"]:
        number, props = component["id"], component["props"]
        if number in late and props.get("interactive") is None:
            is_free = number not in outputs and not props.get("value")
            props["interactive"] = number in inputs or is_free
