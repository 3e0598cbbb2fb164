"""`ownership.yaml` says whose incidents are whose, and every mistake in it has a line."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from bot.app.cli.main import main
from bot.app.configuration import Configuration, load
from bot.app.configuration_shapes import schema
from bot.app.metrics import Metrics
from bot.app.opening import opened
from bot.app.reloading import Reloading
from bot.app.settings import load as load_settings
from incidents.correlation import Place
from incidents.errors import Rejected
from incidents.ownership import BY_DEFAULT, Owner, OwnershipMap, owner_of
from tests import builders

PEOPLE = "people:\n  - {id: ann, name: Ann}\n  - {id: ben, name: Ben}\n"
OWNERSHIP = """\
default: {team: platform, channel: ops}
entries:
  - match: {namespace: llm-d}
    team: serving
  - match:
      namespace: llm-d
      labels: ['pool=~"chat|code"', 'severity!="info"']
    team: inference
    service: chat
    service_owner: [ann]
    channel: inference-incidents
    approvers: [ann, ben]
"""
PLACE = Place(cluster="local", namespace="llm-d", model="m", role="")


def written(folder: Path, ownership: str, people: str = PEOPLE) -> Path:
    """Write the files, and return their folder."""
    (folder / "ownership.yaml").write_text(ownership)
    (folder / "people.yaml").write_text(people)
    return folder


def refusal(folder: Path) -> list[str]:
    """Return what is wrong with the folder, without its path."""
    with pytest.raises(Rejected) as refused:
        load(folder)
    return str(refused.value).replace(f"{folder}/", "").splitlines()


def test_the_file_says_who_owns_what(tmp_path: Path) -> None:
    """With matchers as runbooks have them, and the line of the entry as the reason."""
    ownership = load(written(tmp_path, OWNERSHIP)).policy.ownership

    chat = owner_of(PLACE, {"pool": "chat", "severity": "page"}, ownership)
    assert (chat.team, chat.service, chat.by) == ("inference", "chat", "ownership.yaml:5")
    assert (chat.service_owner, chat.approvers) == (("ann",), ("ann", "ben"))
    assert chat.channel == "inference-incidents"
    assert owner_of(PLACE, {"pool": "chat", "severity": "info"}, ownership).team == "serving"
    other = owner_of(Place(cluster="local", namespace="x", model="", role=""), {}, ownership)
    assert (other.team, other.channel, other.by) == ("platform", "ops", BY_DEFAULT)


def test_no_file_is_no_map(tmp_path: Path) -> None:
    """An empty folder works, and nothing is said of teams."""
    assert load(tmp_path).policy.ownership == OwnershipMap()


def test_a_file_without_a_default_has_the_built_in_one(tmp_path: Path) -> None:
    """Nothing is without an owner."""
    found = load(written(tmp_path, "entries: []\n")).policy.ownership

    assert found == OwnershipMap(default=Owner(team="default"), written=True)


def test_a_matcher_that_is_said_twice_counts_once(tmp_path: Path) -> None:
    """Else the longer-winded of two entries would win."""
    text = """\
entries:
  - {match: {labels: ['a="1"', 'a = "1"']}, team: one}
  - {match: {namespace: llm-d, labels: ['b="2"']}, team: two}
"""
    found = load(written(tmp_path, text)).policy.ownership

    assert [entry.matchers for entry in found.entries] == [1, 2]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        pytest.param(
            "entries:\n  - {match: {namespace: a}, team: x, tema: y}\n",
            "ownership.yaml:2: ownership.yaml.entries[0]: unknown field tema",
            id="unknown-field",
        ),
        pytest.param(
            "entries:\n  - {match: {}, team: x}\n",
            "ownership.yaml:2: ownership.yaml.entries[0].match: one of namespace, model, labels",
            id="no-matcher",
        ),
        pytest.param(
            "entries:\n  - {match: {namespace: a}}\n",
            "ownership.yaml:2: ownership.yaml.entries[0]: team is missing",
            id="no-team",
        ),
        pytest.param(
            "entries:\n  - match:\n      labels:\n        - 'a=1'\n    team: x\n",
            "ownership.yaml:4: 'a=1' is no matcher such as",
            id="no-such-matcher",
        ),
        pytest.param(
            "entries:\n  - match: {labels: ['a=~\"(x+)+\"']}\n    team: x\n",
            "ownership.yaml:2: '(x+)+': no repeated repetition",
            id="a-pattern-that-could-run-for-ever",
        ),
        pytest.param(
            "entries:\n  - match: {namespace: a}\n    team: x\n    approvers: [ann, eve]\n",
            "ownership.yaml:4: approvers: 'eve' is not in people.yaml",
            id="unknown-approver",
        ),
        pytest.param(
            "default:\n  team: x\n  service_owner: [eve]\n",
            "ownership.yaml:3: service_owner: 'eve' is not in people.yaml",
            id="unknown-service-owner-of-the-default",
        ),
        pytest.param(
            "entries:\n"
            "  - {match: {namespace: a, labels: ['x=\"1\"', 'y=\"2\"']}, team: x}\n"
            "  - {match: {namespace: b}, team: x}\n"
            "  - {match: {labels: ['y = \"2\"', 'x=\"1\"'], namespace: a}, team: y}\n",
            "ownership.yaml:4: it has the same matchers as entry 1, so it is never meant",
            id="a-tie-that-nothing-decides",
        ),
        pytest.param("entries: 7\n", "ownership.yaml:1: ", id="another-shape"),
    ],
)
def test_mistakes_are_named_with_file_and_line(tmp_path: Path, text: str, wrong: str) -> None:
    """Whoever edits a ConfigMap at night must not have to search."""
    (found,) = refusal(written(tmp_path, text))

    assert found.startswith(wrong)


def test_the_published_schema_agrees_with_the_loader() -> None:
    """An editor must not underline what the loader takes, nor miss what it refuses."""
    validator = Draft202012Validator(schema("ownership.yaml"))
    document = YAML(typ="safe", pure=True).load(OWNERSHIP)

    assert [str(one) for one in validator.iter_errors(document)] == []
    assert list(validator.iter_errors({**document, "unknown": 1})) != []


def test_a_wrong_map_leaves_the_old_one_in_force_and_is_named(tmp_path: Path) -> None:
    """A slip of the pen must not take every incident away from its team, nor go unseen."""
    metrics, applied = Metrics(), list[Configuration]()
    folder = written(tmp_path, OWNERSHIP)
    loop = Reloading(
        folder, loaded=load(folder), apply=applied.append, refused=metrics.configuration_refused
    )

    written(folder, OWNERSHIP.replace("team: serving", "tema: serving"))
    assert loop.once()
    assert applied == []
    assert f"{folder}/ownership.yaml:3: " in loop.notice
    assert loop.notice.endswith("what was in force before stays in force")

    written(folder, OWNERSHIP.replace("team: serving", "team: gateway"))
    assert loop.once()
    (found,) = applied
    assert owner_of(PLACE, {}, found.policy.ownership).team == "gateway"
    assert loop.notice == ""


@pytest.mark.parametrize(
    ("ownership", "line"),
    [
        pytest.param(
            OWNERSHIP,
            "INC-1  P2  investigating  serving  VLLMPreemptionsHigh of llama-3-70b",
            id="with-a-map",
        ),
        pytest.param(
            "entries: []\n",
            "INC-1  P2  investigating  default (default: no entry of ownership.yaml fits)  "
            "VLLMPreemptionsHigh of llama-3-70b",
            id="by-default",
        ),
        pytest.param(
            None, "INC-1  P2  investigating  VLLMPreemptionsHigh of llama-3-70b", id="without"
        ),
    ],
)
def test_status_names_the_team(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ownership: str | None,
    line: str,
) -> None:
    """Whoever is called sees first whether it is theirs."""
    folder = tmp_path / "config"
    folder.mkdir()
    if ownership is not None:
        written(folder, ownership)
    monkeypatch.setenv("TRIAGED_CONFIG", str(folder))
    monkeypatch.setenv("TRIAGED_DATABASE_URL", f"sqlite:///{tmp_path / 'triaged.db'}")
    with opened(load_settings(), migrate=True) as desk:
        desk.desk.tell(builders.INCIDENT, builders.report(builders.judgement()))
    capsys.readouterr()

    with pytest.raises(SystemExit):
        main(("status",))

    because = "because: INC-1: users wait longer"
    assert capsys.readouterr().out.splitlines() == [line, because]
