"""A window whose home holds the sample room and its dataset, behind a password."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.security.window import PASSWORD, Page, WindowProcess, prepare_home, running_window


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WindowProcess]:
    home = prepare_home(tmp_path_factory.mktemp("home"))
    with running_window(home.root, password=PASSWORD) as window:
        yield window


@pytest.fixture
def page(window: WindowProcess) -> Page:
    """A locked page of a new browser."""
    return window.open_page()
