"""Every outside library has one home, so that replacing it touches one folder."""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

import pytest

Trees = Mapping[PurePosixPath, ast.Module]

THE_DOOR_AND_PAGES = ("alert_webhooks", "bot/web", "bot/app", "drills")
RENDERED = ("bot/postmortem", "bot/web", "bot/chat", "drills/slack/console")
EVERYWHERE_BUT_THE_CORE = ("cluster", "runbooks", "alert_webhooks", "storage", "bot", "drills")

# Library -> the folders that may import it. A library that is not named here has no home yet:
# choose one when you add it to pyproject.toml.
HOMES: Mapping[str, tuple[str, ...]] = {
    "anyio": THE_DOOR_AND_PAGES,
    "cyclopts": ("bot/app/cli", "drills/demo"),
    "fastapi": THE_DOOR_AND_PAGES,
    "httpx": ("drills",),
    "jinja2": RENDERED,
    "kubernetes": ("cluster/clients",),
    "markdown_it": ("bot/postmortem", "bot/web"),
    "markupsafe": ("bot/postmortem", "bot/web", "drills/slack/console"),
    "nh3": ("bot/postmortem", "bot/web"),
    "prometheus_api_client": ("cluster/clients",),
    "prometheus_client": ("bot",),
    "promql_parser": ("drills/prometheus",),
    "psycopg": ("storage",),
    "requests": ("cluster/clients", "drills"),
    "ruamel": ("runbooks/language", "drills"),
    "slack_bolt": ("bot/chat/slack",),
    "slack_sdk": ("bot/chat/slack",),
    "sqlalchemy": ("storage",),
    "starlette": THE_DOOR_AND_PAGES,
    "structlog": EVERYWHERE_BUT_THE_CORE,
    "urllib3": ("cluster/clients",),
    "uvicorn": ("bot/app", "drills"),
    "websockets": ("drills/slack",),
}


def test_every_library_is_imported_in_its_home_only(
    product: Trees, packages: tuple[str, ...]
) -> None:
    """A library that leaks out of its home can no longer be replaced in one place."""
    assert list(strangers(product, packages)) == []


def test_the_core_imports_the_standard_library_and_itself_only(product: Trees) -> None:
    """The rules of incidents must run, and be read, without any library."""
    known = sys.stdlib_module_names | {"incidents"}

    outside = [
        f"{path}:{line} imports {name}"
        for path, line, name in imports(product)
        if path.parts[0] == "incidents" and name.partition(".")[0] not in known
    ]

    assert outside == []


@pytest.mark.parametrize(
    "package",
    [pytest.param(("runbooks",), id="the-product"), pytest.param(("drills",), id="the-drills")],
)
def test_yaml_is_read_by_one_loader(product: Trees, package: tuple[str]) -> None:
    """A second loader would forget to refuse duplicate keys, or to name file and line."""
    loaders = {
        str(path)
        for path, _, name in imports(product)
        if name.startswith("ruamel") and path.parts[0] in package
    }

    assert len(loaders) <= 1, f"more than one file reads YAML: {sorted(loaders)}"


@pytest.mark.parametrize(
    ("path", "source", "complaint"),
    [
        pytest.param(
            "bot/web/page.py",
            "import json\nimport sqlalchemy.orm",
            ["bot/web/page.py:2 imports sqlalchemy.orm; its home is storage"],
            id="outside-its-home",
        ),
        pytest.param(
            "storage/pen.py",
            "from left_pad import pad",
            ["storage/pen.py:1 imports left_pad; it has no home yet"],
            id="without-a-home",
        ),
        pytest.param("storage/pen.py", "import sqlalchemy", [], id="at-home"),
        pytest.param("storage/pen.py", "from incidents import ports", [], id="one-of-ours"),
        pytest.param("storage/pen.py", "from . import events", [], id="a-neighbour"),
        pytest.param(
            "bot/apple.py",
            "import uvicorn",
            ["bot/apple.py:1 imports uvicorn; its home is bot/app, drills"],
            id="a-name-that-only-begins-like-the-home",
        ),
    ],
)
def test_the_scan_names_file_and_line(
    path: str, source: str, complaint: list[str], packages: tuple[str, ...]
) -> None:
    """A scan that sees nothing would pass for ever."""
    trees = {PurePosixPath(path): ast.parse(source)}

    assert list(strangers(trees, packages)) == complaint


def strangers(trees: Trees, packages: tuple[str, ...]) -> Iterator[str]:
    """Yield one complaint per import of a library outside its home."""
    ours = sys.stdlib_module_names | set(packages)
    for path, line, name in imports(trees):
        library = name.partition(".")[0]
        if library in ours:
            continue
        homes = HOMES.get(library, ())
        if not any(path.is_relative_to(home) for home in homes):
            advice = f"its home is {', '.join(homes)}" if homes else "it has no home yet"
            yield f"{path}:{line} imports {name}; {advice}"


def imports(trees: Trees) -> Iterator[tuple[PurePosixPath, int, str]]:
    """Yield path, line and dotted name of every absolute import, wherever it stands."""
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from ((path, node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield path, node.lineno, node.module
