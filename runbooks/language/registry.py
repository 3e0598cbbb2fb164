"""The verbs that runbooks may use: one module of a folder each."""

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from incidents.errors import Rejected
from runbooks.language.declaration import ActionVerb, AskVerb, CheckVerb, StepVerb, WaitVerb

SHIPPED = Path(__file__).parent.parent / "steps"
NAME = "STEP"
"""The name under which a module declares its verb."""


def verbs(extra: Sequence[Path] = ()) -> Mapping[str, StepVerb]:
    """Return the shipped verbs and those of extra folders, by name.

    Raises Rejected when a module declares nothing, is not called like its verb, or when two
    modules declare the same verb. An extra folder is code: it is as trusted as triaged itself.
    """
    found: dict[str, StepVerb] = {}
    for folder in (SHIPPED, *extra):
        for path in sorted(folder.glob("*.py")):
            if path.stem != "__init__":
                _add(found, path, _load(path, shipped=folder == SHIPPED))
    return found


def _add(found: dict[str, StepVerb], path: Path, verb: StepVerb) -> None:
    if verb.name != path.stem:
        message = f"{path.name} declares {verb.name}; a module is called like its verb"
        raise Rejected(message)
    if verb.name in found:
        message = f"{path}: there is a step {verb.name} already"
        raise Rejected(message)
    found[verb.name] = verb


def _load(path: Path, *, shipped: bool) -> StepVerb:
    name = f"runbooks.steps.{path.stem}" if shipped else f"runbooks_extra_{path.stem}"
    if shipped:
        module = importlib.import_module(name)
    else:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            message = f"{path} cannot be imported"
            raise Rejected(message)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # dataclasses look their module up by its name
        spec.loader.exec_module(module)
    verb = getattr(module, NAME, None)
    if not isinstance(verb, (CheckVerb, ActionVerb, AskVerb, WaitVerb)):
        message = f"{path.name} declares no {NAME}"
        raise Rejected(message)
    return verb
