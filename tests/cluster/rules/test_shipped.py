"""What we ship is what the source says, parses, is known, and was seen to ring and keep still."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import promql_parser
import pytest

from bot.app.cli.rules import SHIPPED
from bot.app.configuration import objectives_of
from cluster.rules.recordings import recordings
from cluster.rules.rule import Alert, Proof, Recording
from cluster.rules.shipped import rule_files, texts
from cluster.signals.catalogue import SIGNALS
from cluster.signals.signal import metric_names
from drills.prometheus import rule_files as drill
from incidents.catalogued import shipped
from incidents.objectives import BURNS
from runbooks.language.loader import load as runbooks
from runbooks.language.matching import choose
from tests.cluster.rules import renamed
from tests.cluster.rules.proposed import PROPOSED

BOOKS = runbooks()
DEPLOY = Path(__file__).parents[3] / "deploy"
PROMISED = objectives_of(SHIPPED)
FILES = rule_files(PROMISED)
ALERTS = [alert for file in FILES for alert in file.alerts]
RECORDED = {rule.name for file in FILES for rule in file.rules if isinstance(rule, Recording)}
WATCHING = [(file, alert) for file in FILES for alert in file.alerts if alert.name != "Watchdog"]
COUNTING = [
    alert
    for file, alert in WATCHING
    # What is fed reads averages of what is recorded; the counters behind are proven by values.
    if not file.fed
    and any(re.search(r"\b(rate|increase|resets)\(", one) for one in renamed.behind(file, alert))
]
PART = re.compile(r"(?:^| )([0-9.]+)(?:\+([0-9.]+))?(?:x([0-9]+))?")
CHAPTER = json.loads((DEPLOY / "grafana" / "operations-chapter.json").read_text("utf-8"))


def alert_id(alert: Alert) -> str:
    """Return a readable name of an alert."""
    return "-".join((alert.name, *alert.labels.values()))


def metric(series: str) -> str:
    """Return the name of a series."""
    return series.partition("{")[0]


def there(proof: Proof) -> set[str]:
    """Return the names of the series that do not end."""
    return {metric(each) for each, values in proof.series.items() if "stale" not in values}


def begins_anew(values: str) -> bool:
    """Tell whether a later part of a series, as promtool writes it, begins below an earlier one."""
    last = 0.0
    for first, by, count in PART.findall(values):
        if float(first) < last:
            return True
        last = float(first) + float(by or 0) * int(count or 0)
    return False


def selectors(expr: promql_parser.Expr) -> Iterator[str]:
    """Yield the names of all series that a query reads."""
    if isinstance(expr, promql_parser.VectorSelector):
        yield expr.name or ""
        return
    for child in ("expr", "lhs", "rhs", "vector_selector", "param"):
        if getattr(expr, child, None) is not None:
            yield from selectors(getattr(expr, child))
    for argument in getattr(expr, "args", None) or ():
        yield from selectors(argument)


def test_what_lies_in_deploy_is_what_the_source_says() -> None:
    """A stale file rings for rules that nobody reads any more; `triaged rules --out deploy`."""
    made = texts(PROMISED)
    stale = [
        name
        for name, text in made.items()
        if not (DEPLOY / name).is_file() or (DEPLOY / name).read_text("utf-8") != text
    ]

    assert stale == []


def test_nothing_else_lies_beside_it() -> None:
    """A file that is no longer written would stay in force for ever."""
    there = {
        str(path.relative_to(DEPLOY))
        for folder in ("prometheus", "grafana")
        for path in (DEPLOY / folder).rglob("*.*")
    }

    assert there - set(texts(PROMISED)) == {"prometheus/objectives.yaml"}


def test_every_signal_is_recorded() -> None:
    """A dashboard and an alert find every signal under one name, in every era."""
    assert {f"triaged:{name}" for name in SIGNALS} <= {each.name for each in recordings()}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_query_is_promql(file: object) -> None:
    """One wrong query, and Prometheus takes none of the file."""
    for rule in file.rules:
        promql_parser.parse(rule.expr)


@pytest.mark.parametrize("alert", ALERTS, ids=alert_id)
def test_every_alert_was_seen_to_ring_and_to_keep_still(alert: Alert) -> None:
    """An alert without a proof of both is a hope; the Watchdog never keeps still."""
    rings = [proof for proof in alert.proofs if proof.fires is not None]
    still = [proof for proof in alert.proofs if proof.fires is None]

    assert rings
    assert still or alert.name == "Watchdog"


@pytest.mark.parametrize("alert", [alert for _, alert in WATCHING], ids=alert_id)
def test_every_alert_was_seen_without_some_of_its_series(alert: Alert) -> None:
    """Absent data is neither trouble nor its end: what an alert makes of it must be known."""
    ringing = {metric(each) for proof in alert.proofs if proof.fires for each in proof.series}
    still = [proof for proof in alert.proofs if proof.fires is None]

    assert any(there(proof) < ringing for proof in still)


@pytest.mark.parametrize("alert", COUNTING, ids=alert_id)
def test_every_alert_about_a_counter_was_seen_when_that_begins_anew(alert: Alert) -> None:
    """A restart is no fall, and no end; also of a counter behind what is recorded."""
    assert any(begins_anew(values) for proof in alert.proofs for values in proof.series.values())


def test_a_counter_that_begins_anew_is_seen() -> None:
    """A check that sees nothing would pass for ever."""
    assert begins_anew("0+60x15 0+60x15")
    assert begins_anew("5000x5 0x25")
    assert not begins_anew("0x10 1x20")
    assert not begins_anew("0+480x90 43200+60x60")


@pytest.mark.parametrize("alert", ALERTS, ids=alert_id)
def test_every_alert_is_judged_and_has_a_runbook(alert: Alert) -> None:
    """An alert that nobody knows, or whose runbook does not exist, helps nobody."""
    known = shipped()

    assert alert.priority or alert.name in known.judged or alert.name in known.never_open
    assert alert.runbook in BOOKS
    assert alert.severity in {"critical", "warning", "info", "none", "page", "ticket"}


@pytest.mark.parametrize("alert", ALERTS, ids=alert_id)
def test_an_alert_reads_what_is_recorded_or_exported(alert: Alert) -> None:
    """A series of a name that nobody makes never rings."""
    others = {
        "up",
        "kube_pod_container_status_restarts_total",
        "kube_customresource_llminferenceservice_status_condition",
        # dcgm-exporter: etc/default-counters.csv, and DCGM's field 112 by both of its names.
        "DCGM_EXP_CLOCK_EVENTS_COUNT",
        "DCGM_FI_DEV_CLOCKS_EVENT_REASONS",
        "DCGM_FI_DEV_CLOCK_THROTTLE_REASONS",
    }
    known = RECORDED | {*metric_names(SIGNALS.values())} | others

    assert set(selectors(promql_parser.parse(alert.expr))) <= known | {"triaged:objective:planned"}


@pytest.mark.parametrize("alert", ALERTS, ids=alert_id)
def test_the_runbook_that_an_alert_names_is_the_one_that_runs(alert: Alert) -> None:
    """People open the address beside the alert, and must read what the desk then does.

    Without the address its labels lead there too: a delivery may have lost its annotations.
    """
    labels = {**alert.own_labels, "alertname": alert.name}

    addressed = choose(labels, alert.runbook_url, runbooks=BOOKS)
    fitting = choose(labels, "", runbooks=BOOKS)

    assert addressed.runbook.name == alert.runbook
    assert fitting.runbook.name == alert.runbook


def test_every_alert_that_was_proposed_is_shipped_or_says_why_not() -> None:
    """A name in the catalogue of severities for which nothing rings looks as if it were watched."""
    names = {alert.name for alert in ALERTS}
    known = shipped().judged

    assert [one.row for one in PROPOSED] == [*range(21, 37), 51]
    for one in PROPOSED:
        assert one.shipped
        assert set(one.shipped) <= names, one.row
        assert not set(one.left_out) & names, one.row
        assert all(one.left_out.values())
        # One that is left out is known by its name, and judged as what is shipped instead.
        alike = {known[name] for name in one.shipped}
        assert {known[name] for name in one.left_out} <= alike, one.row


def test_the_chapters_alerts_have_its_groups_and_labels() -> None:
    """Routes and dashboards of a team that followed the chapter go on working."""
    (file,) = (each for each in FILES if each.name == "operations-chapter")

    assert [(group.name, group.interval.total_seconds()) for group in file.groups] == [
        ("llm-d.critical", 30),
        ("llm-d.capacity", 60),
    ]
    assert {alert.name: (alert.severity, alert.hold.total_seconds()) for alert in file.alerts} == {
        "LLMDServiceDown": ("critical", 60),
        "LLMDHighErrorRate": ("critical", 120),
        "LLMDHighLatency": ("warning", 300),
        "LLMDGPUHighUtilization": ("warning", 600),
        "LLMDMemoryPressure": ("critical", 300),
        "LLMDKVCacheOverflow": ("warning", 300),
    }
    assert all(dict(each.labels) == {"service": "llm-d", "team": "sre"} for each in file.alerts)


def test_the_rehearsal_can_evaluate_what_it_plays() -> None:
    """The drill evaluates the file that people install."""
    loaded = drill.load(DEPLOY / "prometheus" / "kv-cache.yaml")

    assert sum(len(group.rules) for group in loaded) == 4


def test_a_budget_burns_at_the_chapters_rates_and_the_workbooks() -> None:
    """14.4 times for 2 minutes pages, 6 times for 15 is a ticket; the slow ones are added."""
    shown = {
        (alert.labels["burn"], alert.labels["window"], alert.severity, alert.priority)
        for alert in ALERTS
        if "burn" in alert.labels
    }

    assert shown == {
        ("14.4", "1h", "page", ""),
        ("6", "6h", "ticket", "P3"),
        ("3", "1d", "ticket", "P3"),
        ("1", "3d", "ticket", "P3"),
    }
    assert [burn.hold.total_seconds() for burn in BURNS[:2]] == [120, 900]


@pytest.mark.parametrize(
    "file", sorted((DEPLOY / "grafana").glob("*.json")), ids=lambda path: path.stem
)
def test_every_panel_reads_names_that_are_recorded_or_exported(file: Path) -> None:
    """An empty panel is believed to mean that all is well."""
    known = RECORDED | set(metric_names(SIGNALS.values())) | {"triaged:objective:planned"}
    for panel in json.loads(file.read_text("utf-8"))["panels"]:
        assert panel["targets"], panel["title"]
        for target in panel["targets"]:
            names = set(selectors(promql_parser.parse(target["expr"])))
            assert names, panel["title"]
            assert names <= known, panel["title"]


def test_the_chapters_four_panels_have_its_types_and_thresholds() -> None:
    """Row 7 of what was asked for, read from the JSON."""
    shown = [(panel["title"], panel["type"]) for panel in CHAPTER["panels"]]
    steps = [
        [
            (step["value"], step["color"])
            for step in panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", [])
        ][1:]
        for panel in CHAPTER["panels"]
    ]
    legends = [
        [target["legendFormat"] for target in panel["targets"]] for panel in CHAPTER["panels"]
    ]

    assert shown == [
        ("Request Rate (Traffic)", "stat"),
        ("Error Rate", "stat"),
        ("Latency Distribution", "heatmap"),
        ("Resource Saturation", "graph"),
    ]
    assert steps[:2] == [
        [(50, "red"), (100, "yellow"), (200, "green")],
        [(1, "green"), (5, "yellow"), (10, "red")],
    ]
    assert legends[2] == ["p50", "p95", "p99"]
    assert all("{{instance}}" in legend for legend in legends[3])
