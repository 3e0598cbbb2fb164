"""A folder with a mistake in it: what is right is used, and what is needed is not guessed."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app.configuration import load
from bot.app.configuration_shapes import OWNERSHIP, PEOPLE, POLICY, SHAPES
from bot.app.configuration_usable import needed_beside, usable
from incidents.default_policy import default_policy
from incidents.errors import Rejected

RIGHT = {
    POLICY: "approvers: [ann]\nhold: 3m\n",
    PEOPLE: "people:\n  - {id: ann, name: Ann, roles: [on-call-sre]}\n",
    OWNERSHIP: "default: {team: ml}\nentries: []\n",
}
WRONG = "nonsense: 1\n"


def folder(place: Path, **changed: str) -> Path:
    """Write a configuration of three files; names are without their ending."""
    files = {**RIGHT, **{f"{name}.yaml": text for name, text in changed.items()}}
    for name, text in files.items():
        (place / name).write_text(text)
    return place


def test_a_folder_that_is_right_is_used_as_a_whole(tmp_path: Path) -> None:
    """Whoever needs little must not see another configuration than the desk."""
    place = folder(tmp_path)

    found, whole = usable(place, needed=()), load(place)
    assert found.people.all() == whole.people.all()
    assert replace(found, people=whole.people) == whole
    assert usable(None, needed=SHAPES).policy == load(None).policy


def test_a_wrong_policy_is_left_out_and_named(tmp_path: Path) -> None:
    """The people and the teams are known all the same: a freeze is that of a person."""
    found = usable(folder(tmp_path, policy=WRONG), needed=(PEOPLE,))

    assert found.wrong.startswith(f"{tmp_path}/policy.yaml:1: ")
    assert [one.id for one in found.people.all()] == ["ann"]
    assert found.policy.ownership.default.team == "ml"
    assert (found.policy.hold, found.policy.approvers) == (default_policy().hold, ("ann",))


def test_a_policy_that_names_people_of_a_wrong_file_is_not_used(tmp_path: Path) -> None:
    """Its approvers would be nobody; and the mistake is told once, where it was made."""
    found = usable(folder(tmp_path, people=WRONG), needed=())

    assert (found.people.all(), found.policy.approvers) == ((), ())
    assert "people.yaml:1: " in found.wrong
    assert "policy.yaml" not in found.wrong


@pytest.mark.parametrize(
    ("needed", "wrong"),
    [
        pytest.param((PEOPLE,), "people", id="people"),
        pytest.param((POLICY, PEOPLE), "policy", id="policy"),
        pytest.param(SHAPES, "ownership", id="all"),
    ],
)
def test_a_wrong_file_that_is_needed_is_refused(
    tmp_path: Path, needed: Collection[str], wrong: str
) -> None:
    """An approval by nobody in particular would be none."""
    with pytest.raises(Rejected, match=rf"{wrong}\.yaml:1: "):
        usable(folder(tmp_path, **{wrong: WRONG}), needed=needed)


def test_a_folder_that_is_gone_is_refused_where_it_is_needed(tmp_path: Path) -> None:
    """A mount that failed is no empty configuration."""
    gone = tmp_path / "gone"

    with pytest.raises(Rejected, match="there is no such folder"):
        usable(gone, needed=(PEOPLE,))
    assert usable(gone, needed=()).wrong == f"{gone}: there is no such folder"


def test_a_needed_file_that_is_misspelt_is_refused(tmp_path: Path) -> None:
    """Whoever stands in `people.yml` must not be told that they are unknown."""
    (folder(tmp_path) / "people.yml").write_text("")

    with pytest.raises(Rejected, match=r"people\.yml:1: no file of this name is read"):
        usable(tmp_path, needed=(PEOPLE,))


def test_another_file_that_is_misspelt_is_told(tmp_path: Path) -> None:
    """It would be passed over, and that is no reason to refuse what does not rest on it."""
    (folder(tmp_path) / "policy.yml").write_text("")

    found = usable(tmp_path, needed=(PEOPLE,))

    assert [one.id for one in found.people.all()] == ["ann"]
    assert f"{tmp_path}/policy.yml:1: no file of this name is read" in found.wrong


def test_a_policy_of_the_command_line_needs_the_people_alone(tmp_path: Path) -> None:
    """Whoever mends a wrong policy tries the mended one before it is in the folder."""
    assert set(needed_beside(None)) == set(SHAPES)
    assert set(needed_beside(tmp_path / "policy.yaml")) == {PEOPLE}
