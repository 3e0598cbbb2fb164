"""A wrong runbook is refused when it is loaded, with file and line, never when it is needed."""

import json
from datetime import timedelta
from hashlib import sha256

import jsonschema
import pytest
from ruamel.yaml import YAML

from incidents.errors import Rejected
from runbooks.language import grammar, loader, registry, schema
from runbooks.language.loader import LIBRARY

KNOWN = ", ".join(sorted(registry.verbs()))

# (what is replaced, by what, the whole complaint, whether the schema sees it too)
BAD = [
    pytest.param(
        "title: An example",
        "heading: An example",
        [
            "example.yaml:1: runbook: title is missing: What the runbook is for, in words",
            (
                "example.yaml:1: runbook: unknown field heading; known are title, purpose, covers,"
                " priority, target, match, parameters, steps, escalate, follow_ups"
            ),
        ],
        True,
        id="unknown-field",
    ),
    pytest.param(
        "do: signal",
        "do: sginal",
        [(f"example.yaml:5: runbook.steps[0].do: 'sginal' is unknown; known are {KNOWN}")],
        True,
        id="unknown-step",
    ),
    pytest.param(
        "    do: signal\n",
        "",
        [(f"example.yaml:3: runbook.steps[0]: do is missing: {KNOWN}")],
        True,
        id="no-step",
    ),
    pytest.param(
        "with: {signal: waiting, at_most: 5}",
        "with: {signal: waiting, at_mots: 5}",
        [
            "example.yaml:6: runbook.steps[0].with: one of at_most, at_least is missing",
            (
                "example.yaml:6: runbook.steps[0].with: unknown field at_mots;"
                " known are signal, at_most, at_least, over"
            ),
        ],
        True,
        id="unknown-field-of-a-step",
    ),
    pytest.param(
        "when: {look: [beyond]}",
        "when: {look: [gone]}",
        ["example.yaml:10: look never says gone; it says within, beyond, cannot_tell"],
        False,
        id="unknown-verdict",
    ),
    pytest.param(
        "when: {look: [beyond]}",
        "when: {lok: [beyond]}",
        ["example.yaml:10: there is no step lok"],
        False,
        id="unknown-earlier-step",
    ),
    pytest.param(
        "when: {look: [beyond]}",
        "when: {more: [verified]}",
        ["example.yaml:10: more is no earlier step"],
        False,
        id="not-an-earlier-step",
    ),
    pytest.param(
        "when: {look: [beyond]}",
        "when: {look: []}",
        ["example.yaml:10: runbook.steps[1].when.look: expected at least 1"],
        True,
        id="no-verdict-at-all",
    ),
    pytest.param(
        "$growth",
        "$growht",
        [
            "example.yaml:11: there is no parameter $growht",
            "example.yaml:14: no step uses $growth",
        ],
        False,
        id="unknown-parameter",
    ),
    pytest.param(
        '["+1", "+50%"]',
        '["+1", "plenty"]',
        ["example.yaml:11: $growth may not fit: expected text such as 6, +2, +50%, found 'plenty'"],
        False,
        id="a-choice-that-the-step-does-not-take",
    ),
    pytest.param(
        'default: "+1"',
        'default: "+9"',
        ["example.yaml:14: the default does not fit: expected one of +1, +50%, found '+9'"],
        False,
        id="a-default-out-of-bounds",
    ),
    pytest.param(
        "at_most: 9}",
        "at_most: 0}",
        ["example.yaml:11: runbook.steps[1].with.at_most: 0 is less than 1"],
        True,
        id="out-of-bounds",
    ),
    pytest.param(
        "at_most: 9}",
        "at_most: yes}",
        ["example.yaml:11: runbook.steps[1].with.at_most: expected a whole number, found 'yes'"],
        True,
        id="a-word-for-a-number",
    ),
    pytest.param(
        "title: Look\n",
        "title: $growth\n",
        ["example.yaml:4: runbook.steps[0].title: $growth: parameters stand in `with` only"],
        False,
        id="a-parameter-outside-with",
    ),
    pytest.param(
        "    verify:",
        "    retry: 2\n    verify:",
        [
            (
                "example.yaml:12: runbook.steps[1]: retry: an action is never repeated by itself;"
                " only checks are"
            )
        ],
        True,
        id="retry-of-an-action",
    ),
    pytest.param(
        "    verify: {settle: 10m, window: 5m, expect: [{signal: waiting, at_most: 5}]}\n",
        "",
        ["example.yaml:7: runbook.steps[1]: verify is missing: How it is proven"],
        True,
        id="an-action-without-proof",
    ),
    pytest.param(
        "signal: waiting, at_most: 5}\n  - id",
        "signal: waitings, at_most: 5}\n  - id",
        ["example.yaml:6: runbook.steps[0].with.signal: expected one of "],
        True,
        id="unknown-signal",
    ),
    pytest.param(
        "id: more",
        "id: look",
        ["example.yaml:7: look is the id of an earlier one"],
        False,
        id="two-steps-of-one-name",
    ),
    pytest.param(
        "id: more",
        "id: undo-look",
        ["example.yaml:7: undo-look: triaged uses such names itself"],
        False,
        id="a-name-of-our-own",
    ),
    pytest.param(
        "settle: 10m",
        "settle: ten minutes",
        [
            (
                "example.yaml:12: runbook.steps[1].verify.settle:"
                " 'ten minutes' is no duration such as 30s, 10m or 1h30m"
            )
        ],
        True,
        id="no-duration",
    ),
    pytest.param(
        "alertname=",
        "alertname==",
        [
            (
                """example.yaml:16: 'alertname=="Example"' is no matcher such as"""
                """ alertname="X" or severity=~"a|b\""""
            )
        ],
        False,
        id="no-matcher",
    ),
    pytest.param(
        'alertname="Example"',
        'alertname=~"(a+)+"',
        ["example.yaml:16: '(a+)+': no repeated repetition, group option or back reference"],
        False,
        id="a-pattern-that-runs-for-ever",
    ),
    pytest.param(
        'alertname="Example"',
        'alertname=~"(a"',
        ["example.yaml:16: '(a' is no pattern: missing ), unterminated subpattern at position 0"],
        False,
        id="no-pattern",
    ),
    pytest.param(
        "parameters:",
        "covers: [RB-33]\nparameters:",
        ["example.yaml:13: runbook.covers[0]: expected one of RB-01, RB-02"],
        True,
        id="no-failure-mode",
    ),
    pytest.param(
        "parameters:",
        "escalate: [{id: x, title: X, signal: waiting, ask: Well?}]\nparameters:",
        ["example.yaml:13: runbook.escalate[0]: expected exactly one of signal, ask"],
        True,
        id="a-criterion-of-two-kinds",
    ),
    pytest.param(
        "parameters:",
        "covers: RB-12\nparameters:",
        ["example.yaml:13: runbook.covers: expected a list, found one value"],
        True,
        id="one-value-for-a-list",
    ),
    pytest.param(
        "match:\n  labels: ['alertname=\"Example\"']",
        "match: []",
        ["example.yaml:15: runbook.match: expected fields, found a list"],
        True,
        id="a-list-for-fields",
    ),
    pytest.param(
        "when: {look: [beyond]}",
        "when: beyond",
        ["example.yaml:10: runbook.steps[1].when: expected fields, found one value"],
        True,
        id="a-word-for-a-condition",
    ),
    pytest.param(
        "  - id: look\n",
        "  - look\n  - id: look\n",
        ["example.yaml:3: runbook.steps[0]: expected fields, found one value"],
        True,
        id="a-word-for-a-step",
    ),
    pytest.param(
        "parameters:",
        "escalate: [soon]\nparameters:",
        ["example.yaml:13: runbook.escalate[0]: expected fields, found one value"],
        True,
        id="a-word-for-a-criterion",
    ),
    pytest.param(
        "title: Look\n",
        "title: [Look]\n",
        ["example.yaml:4: runbook.steps[0].title: expected one value, found a list"],
        True,
        id="a-list-for-a-word",
    ),
    pytest.param(
        "  growth:",
        "  Growth!:",
        ["example.yaml:14: runbook.parameters: 'Growth!' is no name"],
        True,
        id="a-name-that-is-none",
    ),
]

# What YAML itself hides; a JSON Schema sees documents after this has happened.
HIDDEN = [
    pytest.param(
        "title: An example",
        "title: An example\ntitle: Another",
        ["example.yaml:2: title stands here twice, first in line 1"],
        id="duplicate-key",
    ),
    pytest.param(
        "title: An example",
        "title: &x An example\npurpose: *x",
        [
            "example.yaml:1: anchor &x; write it out where it is used",
            "example.yaml:2: alias *x; write it out",
        ],
        id="anchor-and-alias",
    ),
    pytest.param(
        "title: An example",
        "title: !!str 5",
        ["example.yaml:1: tag tag:yaml.org,2002:str; values need none"],
        id="tag",
    ),
    pytest.param(
        "title: An example",
        "5: five\ntitle: An example",
        ["example.yaml:1: a key must be text"],
        id="a-key-that-is-no-text",
    ),
    pytest.param(
        "match:", "---\nmatch:", ["example.yaml:15: a second document"], id="second-document"
    ),
    pytest.param(
        "title: An example",
        "title: [",
        ["example.yaml:3: no YAML: "],
        id="no-yaml",
    ),
    pytest.param(
        "title: An example",
        "title: " + "[" * 100_000,
        ["example.yaml:1: no YAML: nested deeper than 12"],
        id="nested-for-ever",
    ),
]


@pytest.mark.parametrize(("was", "by", "expected", "schema_sees"), BAD)
def test_a_mistake_is_named_with_file_and_line(complaints, good, was, by, expected, schema_sees):
    """Whoever wrote it at two in the morning must find it at once."""
    assert good.count(was) >= 1

    found = complaints(example=good.replace(was, by, 1))

    assert len(found) >= len(expected)
    for complaint in expected:
        assert [one for one in found if one.startswith(complaint)], found


@pytest.mark.parametrize(("was", "by", "expected"), HIDDEN)
def test_what_yaml_hides_is_refused(complaints, good, was, by, expected):
    """The last duplicate wins and an alias changes two places: nobody sees that in a review."""
    found = complaints(example=good.replace(was, by, 1))

    for complaint in expected:
        assert [one for one in found if one.startswith(complaint)], found


@pytest.mark.parametrize(("was", "by", "expected", "schema_sees"), BAD)
def test_the_schema_agrees_with_the_loader(verbs, good, was, by, expected, schema_sees):
    """An editor that shows no error must not be followed by a refusal for a wrong shape."""
    plain = YAML(typ="safe", pure=True).load(good.replace(was, by, 1))
    published = schema.published(grammar.runbook(verbs))

    valid = jsonschema.Draft202012Validator(published).is_valid(json.loads(json.dumps(plain)))

    assert valid is not schema_sees, expected


def test_the_schema_is_a_schema(verbs):
    """An editor silently ignores a schema that is none."""
    jsonschema.Draft202012Validator.check_schema(schema.published(grammar.runbook(verbs)))


@pytest.mark.parametrize("path", sorted(LIBRARY.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_schema_accepts_the_library(verbs, path):
    """What we ship is the example that people copy."""
    plain = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))

    jsonschema.Draft202012Validator(schema.published(grammar.runbook(verbs))).validate(plain)


def test_the_library_has_nothing_to_complain_about():
    """What we ship loads."""
    assert loader.lint(LIBRARY) == []


def test_a_step_that_no_verdict_leads_to_is_refused(complaints):
    """Two conditions that exclude each other are a slip; the step would be skipped for ever."""
    text = """\
title: An example
steps:
  - {id: a, title: A, do: signal, with: {signal: waiting, at_most: 5}}
  - {id: b, title: B, do: signal, with: {signal: waiting, at_most: 9}, when: {a: [beyond]}}
  - {id: c, title: C, do: wait, with: {for: 5m}, when: {a: [within], b: [within]}}
  - {id: d, title: D, do: wait, with: {for: 5m}, when: {c: [waited]}}
"""

    assert complaints(example=text) == [
        "example.yaml:5: c is never reached: no verdict of a leads here",
        "example.yaml:6: d is never reached: no verdict of a leads here",
    ]


def test_all_mistakes_are_listed_at_once(complaints, good):
    """One mistake per try would take a night."""
    text = good.replace("at_most: 9", "at_most: many").replace("do: signal", "do: sing")

    assert len(complaints(example=text, another="title: [")) == 3


def test_a_file_that_is_no_runbook_by_name_is_refused(tmp_path, good):
    """A runbook is called by its file's name in commands and addresses."""
    (tmp_path / "KV Cache.yaml").write_text(good, "utf-8")
    (tmp_path / "other.yml").write_text(good.replace("Example", "Other"), "utf-8")

    assert [problem.what for problem in loader.lint(tmp_path)] == [
        "KV Cache.yaml is no name such as cache-evictions.yaml",
        "other.yml is no name such as cache-evictions.yaml",
    ]


def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path):
    """A file in Latin-1 looks right to its author."""
    (tmp_path / "example.yaml").write_bytes(b"title: x\npurpose: M\xfcnchen\n")

    assert [str(problem) for problem in loader.lint(tmp_path)] == [
        f"{tmp_path}/example.yaml:2: not UTF-8"
    ]


def test_an_empty_file_is_refused(complaints):
    """A ConfigMap with an empty key is a mistake, not a runbook."""
    assert complaints(example="") == ["example.yaml:1: the file is empty"]


def test_a_huge_file_is_refused(complaints):
    """A runbook is read by people; a quarter of a megabyte is something else."""
    assert complaints(example="#" * 300_000) == ["example.yaml:1: larger than 256 KiB"]


def test_a_folder_that_is_not_there_is_said(tmp_path):
    """An empty answer would look like a clean one."""
    (problem,) = loader.lint(tmp_path / "nowhere")

    assert problem.what == "there is no such folder"


def test_a_runbook_keeps_its_text_and_the_digest_of_its_bytes(tmp_path, good, verbs):
    """A run pins both, so that nobody wonders later which version was run."""
    (tmp_path / "example.yaml").write_text(good, "utf-8")

    runbook = loader.load((LIBRARY, tmp_path))["example"]

    assert (runbook.text, runbook.digest) == (good, sha256(good.encode()).hexdigest())
    assert runbook == loader.load_text(good, name="example", verbs=verbs)


def test_defaults_are_filled_in(good, verbs):
    """What a runbook does not say is said once, in the grammar."""
    runbook = loader.load_text(good, name="example", verbs=verbs)
    verify = runbook.steps[1].verify

    assert (runbook.priority, runbook.steps[0].timeout) == (50, timedelta(minutes=1))
    assert (verify.lag, verify.samples) == (timedelta(minutes=5), 5)
    assert runbook.steps[1].arguments["at_least"] == 1


def test_a_runbook_of_the_team_replaces_the_shipped_one(tmp_path, good):
    """Teams change what we ship without forking it."""
    (tmp_path / "triage.yaml").write_text(good.partition("match:")[0], "utf-8")

    assert loader.load((LIBRARY, tmp_path))["triage"].title == "An example"


def test_a_library_without_triage_is_refused(tmp_path, good):
    """An alert that nothing matches must have somewhere to go."""
    (tmp_path / "example.yaml").write_text(good, "utf-8")

    with pytest.raises(Rejected, match=r"no triage\.yaml"):
        loader.load((tmp_path,))


def test_triage_matches_nothing_itself(complaints, good):
    """It is for what is left over."""
    assert complaints(triage=good) == [
        "triage.yaml:15: triage is for what nothing matches; it matches nothing itself"
    ]


def test_everything_that_is_wrong_stands_in_the_refusal(tmp_path, good):
    """The log of a start that failed is all that an operator has."""
    (tmp_path / "example.yaml").write_text(good.replace("do: signal", "do: sing"), "utf-8")

    with pytest.raises(Rejected, match=r"example\.yaml:5: runbook\.steps\[0\]\.do"):
        loader.load((LIBRARY, tmp_path))


def test_a_kept_text_that_no_longer_loads_is_refused(verbs):
    """A run may have begun under an older language; it must stop and say so."""
    with pytest.raises(Rejected, match=r"example\.yaml:1"):
        loader.load_text("title: x\n", name="example", verbs=verbs)
