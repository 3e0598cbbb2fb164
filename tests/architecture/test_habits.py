"""Habits that no linter knows: where the environment is read, what is async, what tests may do."""

import ast
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath

import pytest

Trees = Mapping[PurePosixPath, ast.Module]
Sign = Callable[[ast.AST], bool]

SETTINGS = "bot/app/settings.py"

# The door, /healthz and /readyz; streams of live pages would stand here too. All else is sync.
ASYNC_PLACES = ("alert_webhooks/door.py", "bot/app/health.py")


def test_the_environment_is_read_by_the_settings_alone(product: Trees) -> None:
    """Settings read elsewhere cannot be listed, documented or tested without a process."""
    readers = places(product, reads_environment)

    assert [place for place in readers if not place.startswith((SETTINGS, "drills/"))] == []


def test_the_drills_pass_the_environment_on_from_one_module(product: Trees) -> None:
    """The bot under rehearsal is configured in one place, as an operator would configure it."""
    readers = [place for place in places(product, reads_environment) if place.startswith("drills/")]

    assert all(place.startswith("drills/demo/") for place in readers), readers
    assert len({place.partition(":")[0] for place in readers}) <= 1, readers


def test_async_stands_only_where_many_wait(product: Trees) -> None:
    """Two colours of code mean every change twice; only the door and health need async."""
    bot = {path: tree for path, tree in product.items() if path.parts[0] != "drills"}

    assert [p for p in places(bot, colours_async) if not p.startswith(ASYNC_PLACES)] == []


def test_nothing_is_imported_with_a_star(product: Trees, tests: Trees) -> None:
    """With a star nobody can see what a file depends on."""
    assert places({**product, **tests}, imports_star) == []


def test_tests_patch_nothing(tests: Trees) -> None:
    """A patched name tests the patch; the fakes that we ship keep their promises."""
    assert places(tests, patches) == []


def test_unit_tests_do_not_sleep(tests: Trees) -> None:
    """A test that sleeps is slow when it passes and wrong when the machine is busy."""
    wire = ("contract", "acceptance", "servers", "browser", "crash", "bench", "architecture")
    unit = {path: tree for path, tree in tests.items() if path.parts[1] not in wire}

    assert places(unit, sleeps) == []


def test_a_package_file_holds_a_docstring_only(product: Trees) -> None:
    """Work in __init__ runs at every import, and names there have two homes."""
    full = [
        str(path)
        for path, tree in product.items()
        if path.name == "__init__.py" and (len(tree.body) != 1 or ast.get_docstring(tree) is None)
    ]

    assert full == []


def test_the_runbook_library_holds_yaml_and_nothing_else(root: Path) -> None:
    """A runbook is one file that an SRE ships from a ConfigMap, without building an image."""
    library = root / "runbooks" / "library"

    assert [path.name for path in library.rglob("*") if path.suffix != ".yaml"] == []


@pytest.mark.parametrize(
    ("sign", "source"),
    [
        pytest.param("reads_environment", "import os\nos.environ['A']", id="environ"),
        pytest.param("reads_environment", "import os\nos.getenv('A')", id="getenv"),
        pytest.param("reads_environment", "import os\nfrom os import environ", id="from-os"),
        pytest.param("colours_async", "x = 1\nasync def f(): ...", id="async-def"),
        pytest.param("imports_star", "x = 1\nfrom os.path import *", id="star"),
        pytest.param("patches", "import m\nm.patch('a')", id="patch"),
        pytest.param("patches", "import m\nwith m.patch.object(a, 'b'): pass", id="patch-object"),
        pytest.param("sleeps", "import time\ntime.sleep(1)", id="sleep"),
    ],
)
def test_every_sign_is_seen_where_it_stands(sign: str, source: str) -> None:
    """A scan that sees nothing would pass for ever."""
    trees = {PurePosixPath("bot/x.py"): ast.parse(source)}

    assert places(trees, SIGNS[sign]) == ["bot/x.py:2"]


def places(trees: Trees, sign: Sign) -> list[str]:
    """Return file and line of every node that bears the sign."""
    return [f"{path}:{line}" for path, tree in trees.items() for line in _lines(tree, sign)]


def reads_environment(node: ast.AST) -> bool:
    """Tell whether the node reaches for the process environment."""
    names = {"environ", "environb", "getenv"}
    if isinstance(node, ast.ImportFrom):
        return node.module == "os" and any(alias.name in names for alias in node.names)
    return isinstance(node, ast.Attribute) and node.attr in names and _named(node.value) == "os"


def colours_async(node: ast.AST) -> bool:
    """Tell whether the node defines a coroutine."""
    return isinstance(node, ast.AsyncFunctionDef)


def imports_star(node: ast.AST) -> bool:
    """Tell whether the node imports everything of a module."""
    return isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)


def patches(node: ast.AST) -> bool:
    """Tell whether the node calls a mock's patch."""
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    inner = function.value if isinstance(function, ast.Attribute) else function
    return "patch" in (_named(function), _named(inner))


def sleeps(node: ast.AST) -> bool:
    """Tell whether the node calls a sleep."""
    return isinstance(node, ast.Call) and _named(node.func) == "sleep"


SIGNS: Mapping[str, Sign] = {
    sign.__name__: sign
    for sign in (reads_environment, colours_async, imports_star, patches, sleeps)
}


def _lines(tree: ast.Module, sign: Sign) -> Iterator[int]:
    return (node.lineno for node in ast.walk(tree) if hasattr(node, "lineno") and sign(node))


def _named(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
