"""The pages about owners and actions are followed to the letter."""

import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from cluster import actions, owners
from cluster.actions.plan import Done, Plan, Verb
from cluster.clients import kinds
from cluster.clients.ports import Kubernetes
from cluster.owners import registry, workload
from cluster.owners.ownership import Ownership
from cluster.owners.resolve import resolve
from cluster.targets.labels import LabelTargets
from cluster.targets.target import Selector, Target
from drills.kubernetes import resources
from drills.kubernetes.state import Cluster
from incidents.errors import Rejected
from runbooks.language.declaration import ActionVerb
from tests.cluster.graphs import DEPLOYMENT, Seen, made, refer, target

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
OWNERS, ADD_OWNER, ADD_ACTION = (
    (DOCS / name).read_text("utf-8")
    for name in ("owners.md", "adding-an-owner.md", "adding-an-action.md")
)
ROW = re.compile(r"^\| ([^|]+) \|.*\| ([^|]+) \|$", re.MULTILINE)
SHIFTS = kinds.Kind(
    group="nightshift.example.com", version="v1", name="NightShift", plural="nightshifts"
)


def test_every_owner_has_a_row_with_what_it_rests_on() -> None:
    """Who reads "real controller" relies on it."""
    rows = dict(ROW.findall(OWNERS))

    assert {name: rows.get(name) for name in (each.name for each in registry.kinds())} == {
        each.name: each.proof.value for each in registry.kinds()
    }
    extra = set(rows) - {each.name for each in registry.kinds()}
    assert extra == {"owner", "none", "unknown operator", *(x for x in extra if set(x) == {"-"})}


def save(page: str, folder: Path, *, language: str = "python") -> Path:
    """Save the page's module under its name, which has to be one of the folder that is walked."""
    named = re.findall(r"Save this as `([^`]+\.py)`", page)[0 if language == "python" else 1]
    found = re.search(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert found
    place = folder / Path(named).name
    place.write_text(found.group(1), "utf-8")
    return place


def load(place: Path) -> ModuleType:
    spec = spec_from_file_location(f"page_{place.stem}", place)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("page", "folder"), [(ADD_OWNER, owners), (ADD_ACTION, actions)], ids=["owner", "action"]
)
def test_the_module_of_the_page_goes_into_the_folder_that_is_walked(page, folder) -> None:
    """Elsewhere nobody would find it."""
    named = re.search(r"Save this as `([^`]+\.py)`", page).group(1)

    assert str(ROOT / Path(named).parent) in folder.__path__


@pytest.mark.parametrize("page", [ADD_OWNER, ADD_ACTION], ids=["owner", "action"])
def test_the_module_of_the_page_is_typed_as_ours_are(page, tmp_path) -> None:
    """Whoever copies it meets the type checker next."""
    name = save(page, tmp_path)

    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


def asked(tmp_path: Path, *shifts: dict[str, object], hidden: bool = False) -> Ownership:
    owner = load(save(ADD_OWNER, tmp_path)).OWNER
    seen = Seen(DEPLOYMENT, *shifts, hidden=[SHIFTS] if hidden else [])
    place = workload.of(target(kinds.DEPLOYMENT), seen).place
    return resolve(place, seen, (*registry.kinds(), owner))


def shift(*, on: bool) -> dict[str, object]:
    return made(SHIFTS, "small", {"scaleTargetRef": refer(kinds.DEPLOYMENT), "on": on})


def test_the_owner_of_the_page_bars_as_the_page_says(tmp_path) -> None:
    """The reader has seen it work before writing one."""
    (barred,) = asked(tmp_path, shift(on=True)).barred

    assert f"*{barred.because}; {barred.advice}*" in ADD_OWNER.replace("\n", " ")


def test_the_owner_of_the_page_keeps_its_promises(tmp_path) -> None:
    """What people copy must be right in every branch."""
    assert asked(tmp_path).barred == asked(tmp_path).notes == ()
    assert asked(tmp_path, shift(on=False)).notes == (
        "NightShift small sets the size back tonight",
    )
    assert "cannot be seen" in asked(tmp_path, hidden=True).barred[0].because


@pytest.fixture
def decode(kubernetes: Kubernetes) -> Target:
    return LabelTargets(kubernetes).find(Selector(namespace="llm-d", model="llama-3-70b"))


@pytest.fixture
def hold(tmp_path: Path, kubernetes: Kubernetes) -> Verb:
    made: Verb = load(save(ADD_ACTION, tmp_path)).ACTION.make(kubernetes)
    return made


def paused(world: Cluster, plan: Plan) -> object:
    found = world.get(resources.DEPLOYMENTS, "llm-d", plan.write.name)
    return found["spec"].get("paused")


def test_the_action_of_the_page_is_planned_written_and_undone(hold, decode, world) -> None:
    """One module is all that it takes."""
    plan = hold.plan(decode, {"hold": "yes"})
    assert (plan.before, plan.after) == ((("held", "no"),), (("held", "yes"),))
    assert "held no → yes" in ADD_ACTION

    hold.apply(plan, key="run-1/hold")

    assert paused(world, plan) is True
    assert hold.already_done(plan, key="run-1/hold") is Done.YES
    assert hold.settled(plan).reverted_by is None
    back = hold.plan(decode, {"hold": dict(plan.inverse)["hold"]})
    hold.apply(back, key="run-1/undo")
    assert paused(world, back) is False
    with pytest.raises(Rejected, match="nothing to change: held is no"):
        hold.plan(decode, {"hold": "no"})


def test_the_step_of_the_page_is_made_from_the_action(tmp_path) -> None:
    """A second list of parameters would drift from the first."""
    text = save(ADD_ACTION, tmp_path, language="text").read_text("utf-8")
    action = load(save(ADD_ACTION, tmp_path)).ACTION

    scope: dict[str, object] = {"ACTION": action}
    exec(text.replace("from cluster.actions.hold_rollout import ACTION\n", ""), scope)  # noqa: S102  # the page's own

    assert isinstance(scope["STEP"], ActionVerb)
    assert set(scope["STEP"].fields.fields) == set(action.parameters)
