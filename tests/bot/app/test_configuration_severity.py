"""What `policy.yaml` says of severity: all of it can be changed, and mistakes have a line."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from bot.app.configuration import load, policy_of
from bot.app.configuration_severity import doubtful
from bot.app.configuration_shapes import schema
from incidents.conditions import Condition, How
from incidents.default_policy import default_policy
from incidents.errors import Rejected
from incidents.people import People
from incidents.policy import Bound, Cap, Judged, LiveRule, Lower, Lowering, Raise, Severity

POLICY = """\
by_label: {page: P1}
alerts:
  Ours: {severity: P2, because: we say so, mode: RB-26, also: [RB-01]}
  EPPMetricsAbsent: {severity: P0, because: we have one pool}
lowering: {levels: 2, lowest: P2}
live_off: [tokens-slow]
live:
  - name: errors-tenth
    because: our users notice at five per cent
    when: [{fact: error_ratio, above: 0.05}]
    unless: [{fact: request_rate, below: 0.1}]
    at_least: P1
    firm: yes
  - name: closed
    because: the gateway is closed
    alerts: [Ours, EPPMetricsAbsent]
    labels: {team: [ml-*, "*"]}
    when:
      - {fact: failure_mode, is: FailClose}
      - {fact: second_pool_healthy, is_not: yes}
      - {fact: xid, one_of: [79, 48]}
      - {fact: waiting, at_least: 1, at_most: 9}
    raise: 2
  - {name: small, because: it is small, at_most: P3, when: [{fact: waiting, below: 3}]}
  - {name: less, because: it is less, lower: 1, when: [{fact: xid, none_of: [1]}]}
"""


def written(folder: Path, text: str) -> Path:
    """Write the policy, and return its folder."""
    (folder / "policy.yaml").write_text(text)
    return folder


def test_everything_about_severity_is_the_teams_to_change(tmp_path: Path) -> None:
    """Names and limits are opinions; a team has its own."""
    found = load(written(tmp_path, POLICY)).policy

    base = default_policy()
    assert found.by_label == {**base.by_label, "page": Severity.P1}
    assert found.catalogue["Ours"] == Judged(
        severity=Severity.P2, because="we say so", mode="RB-26", also=("RB-01",)
    )
    known = base.catalogue["EPPMetricsAbsent"]
    changed = found.catalogue["EPPMetricsAbsent"]
    assert (changed.severity, changed.mode) == (Severity.P0, known.mode)
    assert changed.also == known.also
    assert found.lowering == Lowering(levels=2, lowest=Severity.P2)


def test_live_rules_are_the_teams_to_add_to_change_and_to_switch_off(tmp_path: Path) -> None:
    """Bounds are opinions, too; what a team does not name stays as it is."""
    found = load(written(tmp_path, POLICY)).policy

    base = default_policy()
    own, gone = found.live[-4:], {"tokens-slow", "errors-tenth"}
    assert found.live[:-4] == tuple(rule for rule in base.live if rule.name not in gone)
    assert own == (
        LiveRule(
            name="errors-tenth",
            because="our users notice at five per cent",
            effect=Bound(severity=Severity.P1),
            when=(Condition(fact="error_ratio", how=How.ABOVE, value=0.05),),
            unless=(Condition(fact="request_rate", how=How.BELOW, value=0.1),),
            firm=True,
        ),
        LiveRule(
            name="closed",
            because="the gateway is closed",
            effect=Raise(levels=2),
            alerts=frozenset({"Ours", "EPPMetricsAbsent"}),
            labels={"team": ("ml-*", "*")},
            when=(
                Condition(fact="failure_mode", how=How.IS, value=("FailClose",)),
                Condition(fact="second_pool_healthy", how=How.IS_NOT, value=(True,)),
                Condition(fact="xid", how=How.IS, value=(79, 48)),
                Condition(fact="waiting", how=How.AT_LEAST, value=1),
                Condition(fact="waiting", how=How.AT_MOST, value=9),
            ),
        ),
        LiveRule(
            name="small",
            because="it is small",
            effect=Cap(severity=Severity.P3),
            when=(Condition(fact="waiting", how=How.BELOW, value=3),),
        ),
        LiveRule(
            name="less",
            because="it is less",
            effect=Lower(levels=1),
            when=(Condition(fact="xid", how=How.IS_NOT, value=(1,)),),
        ),
    )


def test_the_schema_takes_what_the_loader_takes() -> None:
    """An editor must not underline it."""
    document = YAML(typ="safe", pure=True).load(POLICY)

    found = Draft202012Validator(schema("policy.yaml")).iter_errors(_words(document))
    assert [one.message for one in found] == []


def test_one_policy_file_can_be_read_alone(tmp_path: Path) -> None:
    """A change is tried before it is in the folder."""
    found = policy_of(written(tmp_path, POLICY) / "policy.yaml", People())

    assert found == load(tmp_path).policy


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        pytest.param(
            "live:\n  - {name: a, because: b}\n",
            "2: policy.yaml.live[0]: one of at_least, at_most, raise, lower is missing",
            id="no-effect",
        ),
        pytest.param(
            "live:\n  - name: a\n    because: b\n    raise: 1\n    lower: 1\n",
            "2: expected one of at_least, at_most, raise, lower, found raise and lower",
            id="two-effects",
        ),
        pytest.param(
            "live:\n  - {name: a, because: b, raise: 1}\n  - {name: a, because: b, raise: 1}\n",
            "3: rule 'a' stands here twice",
            id="twice",
        ),
        pytest.param(
            "live:\n  - name: a\n    because: b\n    raise: 1\n    alerts:\n      - Typo\n",
            "6: no alert 'Typo' is known; add it to alerts",
            id="unknown-alert",
        ),
        pytest.param(
            "live:\n  - name: a\n    because: b\n    raise: 1\n    when:\n"
            "      - {fact: error_rate, above: 1}\n",
            "6: policy.yaml.live[0].when[0].fact: expected one of error_ratio",
            id="unknown-fact",
        ),
        pytest.param(
            "live:\n  - name: a\n    because: b\n    raise: 1\n    when:\n"
            "      - {fact: error_ratio}\n",
            "6: policy.yaml.live[0].when[0]: one of above, at_least",
            id="no-comparison",
        ),
        pytest.param(
            "live:\n  - name: a\n    because: b\n    raise: 1\n    when:\n"
            "      - fact: error_ratio\n        is: much\n",
            "7: error_ratio is a number: compare it with above, at_least, below, at_most, "
            "one_of, none_of",
            id="a-number-that-is-a-word",
        ),
        pytest.param(
            "live:\n  - name: a\n    because: b\n    raise: 1\n    unless:\n"
            "      - fact: failure_mode\n        is: FailShut\n",
            "7: failure_mode is one of FailOpen, FailClose: compare it with is or is_not",
            id="a-word-that-is-none",
        ),
        pytest.param(
            "live:\n  - name: a\n    because: b\n    raise: 1\n    when:\n"
            "      - fact: serving\n        above: 0\n",
            "7: serving is one of yes, no: compare it with is or is_not",
            id="a-truth-that-is-compared",
        ),
        pytest.param(
            "live_off:\n  - parkd\n", "2: no built-in rule is called 'parkd'", id="unknown-rule"
        ),
        pytest.param(
            "lowering: {levels: 4}\n",
            "1: policy.yaml.lowering.levels: 4 is more than 3",
            id="too-many-levels",
        ),
        pytest.param(
            "alerts:\n  Ours: {severity: P2, because: so, mode: RB-99}\n",
            "2: policy.yaml.alerts.Ours.mode: expected one of RB-01",
            id="unknown-mode",
        ),
        pytest.param(
            "by_label: {page: P5}\n",
            "1: policy.yaml.by_label.page: expected one of P0, P1, P2, P3",
            id="unknown-severity",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, wrong: str) -> None:
    """A rule that says nothing of what its author meant would be found out at night."""
    with pytest.raises(Rejected) as refused:
        load(written(tmp_path, text))

    (said,) = str(refused.value).splitlines()
    assert said.startswith(f"{tmp_path}/policy.yaml:{wrong}")


@pytest.mark.parametrize("effect", ["at_most: P3", "lower: 1"])
@pytest.mark.parametrize(
    "when", [pytest.param("", id="none"), pytest.param("when: []", id="empty")]
)
def test_nothing_lowers_unseen(tmp_path: Path, effect: str, when: str) -> None:
    """Such a rule would calm every alert, whatever is going on."""
    rule = f"live:\n  - name: a\n    because: b\n    {effect}\n    {when}\n"

    assert refused(tmp_path, rule) == [
        f"4: {effect.partition(':')[0]} needs a fact in when: nothing is less bad unseen"
    ]


@pytest.mark.parametrize("effect", ["at_most: P3", "lower: 1"])
@pytest.mark.parametrize(
    ("list_of", "condition", "way"),
    [
        pytest.param("when", "error_ratio, above: 0.5", "upwards", id="above"),
        pytest.param("when", "waiting, at_most: 9, at_least: 1", "upwards", id="range"),
        pytest.param("when", "ready_endpoints, at_most: 0", "downwards", id="at-most"),
        pytest.param("when", "traffic_gone, is: yes", "upwards", id="truth"),
        pytest.param("when", "traffic_gone, is_not: no", "upwards", id="not-false"),
        pytest.param("when", "second_pool_healthy, is: no", "downwards", id="false"),
        pytest.param("when", "waiting, one_of: [1]", "upwards", id="numbers"),
        pytest.param("unless", "error_ratio, below: 0.5", "upwards", id="unless-below"),
        pytest.param("unless", "second_pool_healthy, is: yes", "downwards", id="unless-truth"),
    ],
)
def test_what_gets_worse_lowers_nothing(
    tmp_path: Path, effect: str, list_of: str, condition: str, way: str
) -> None:
    """An outage that grows would calm its own incident."""
    plain = "" if list_of == "when" else "    when: [{fact: xid, one_of: [13]}]\n"
    rule = f"live:\n  - name: a\n    because: b\n    {effect}\n{plain}"
    line = 6 + bool(plain)

    found = refused(tmp_path, f"{rule}    {list_of}:\n      - {{fact: {condition}}}\n")

    name = condition.partition(",")[0]
    assert found == [f"{line}: {name} gets worse {way}: what gets worse must not lower"]


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param("when: [{fact: error_ratio, at_most: 0.5}]", id="at-most"),
        pytest.param("when: [{fact: ready_endpoints, above: 2}]", id="above"),
        pytest.param("when: [{fact: traffic_gone, is: no}]", id="false"),
        pytest.param("when: [{fact: second_pool_healthy, is_not: no}]", id="not-false"),
        pytest.param("when: [{fact: failure_mode, is: FailOpen}]", id="word"),
        pytest.param(
            "when: [{fact: xid, one_of: [13]}], unless: [{fact: error_ratio, above: 0}]",
            id="unless",
        ),
    ],
)
def test_what_gets_better_may_lower(tmp_path: Path, condition: str) -> None:
    """The rules that a team needs are taken, and those that raise may look at anything."""
    lowers = f"{{name: a, because: b, lower: 1, {condition}}}"
    raises = "{name: c, because: d, raise: 1, when: [{fact: error_ratio, below: 0.5}]}"

    found = load(written(tmp_path, f"live:\n  - {lowers}\n  - {raises}\n")).policy

    assert [rule.name for rule in found.live[-2:]] == ["a", "c"]


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        pytest.param(POLICY, (), id="usual"),
        pytest.param(
            "live_off: [security-or-corruption]\n",
            ("the firm rule security-or-corruption is off, or replaced by one that is not firm",),
            id="firm-rule-off",
        ),
        pytest.param(
            "live:\n  - {name: wrong-output, because: b, raise: 1}\n",
            ("the firm rule wrong-output is off, or replaced by one that is not firm",),
            id="firm-rule-replaced",
        ),
        pytest.param(
            "never_open: [LLMDServiceDown, LLMDHighLatency, Unheard]\n",
            ("LLMDServiceDown is P0 in the catalogue, and never opens an incident",),
            id="outage-that-opens-nothing",
        ),
    ],
)
def test_what_may_cost_dear_is_said(tmp_path: Path, text: str, warned: tuple[str, ...]) -> None:
    """It is a team's to decide, and nobody should decide it by mistake."""
    found = load(written(tmp_path, text)).policy

    assert doubtful(found, default_policy()) == warned


def refused(folder: Path, text: str) -> list[str]:
    """Return what is wrong with a policy, each with its line."""
    with pytest.raises(Rejected) as wrong:
        load(written(folder, text))
    return [one.removeprefix(f"{folder}/policy.yaml:") for one in str(wrong.value).splitlines()]


def _words(document: object) -> object:
    """Return the document as our reader has it: `yes` is a word, as in YAML 1.2."""
    if isinstance(document, dict):
        return {key: _words(value) for key, value in document.items()}
    if isinstance(document, list):
        return [_words(value) for value in document]
    return {True: "yes", False: "no"}[document] if isinstance(document, bool) else document
