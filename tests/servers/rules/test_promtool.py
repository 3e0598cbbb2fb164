"""promtool and amtool judge what we ship: every file, and every alert in every state."""

import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from bot.app.cli.rules import SHIPPED
from bot.app.configuration import objectives_of
from cluster.rules import files
from cluster.rules.shipped import SIGNALS, rule_files
from cluster.signals.catalogue import SIGNALS as CATALOGUE
from cluster.signals.generic import generic

DEPLOY = Path(__file__).parents[3] / "deploy"
RULES = sorted(
    path for path in (DEPLOY / "prometheus").glob("*.yaml") if path.name != "objectives.yaml"
)
TESTS = sorted((DEPLOY / "prometheus" / "tests").glob("*.yaml"))
NEEDS_PROMTOOL = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed"
)

pytestmark = pytest.mark.server


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program of Prometheus."""
    return subprocess.run(command, check=False, capture_output=True, text=True)


@NEEDS_PROMTOOL
@pytest.mark.parametrize("file", [pytest.param(path, id=path.stem) for path in RULES])
def test_prometheus_takes_every_rule_file(file: Path) -> None:
    """A file that is refused stops all rules of a Prometheus."""
    judged = run("promtool", "check", "rules", str(file))

    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert "SUCCESS" in judged.stdout


@NEEDS_PROMTOOL
@pytest.mark.parametrize("file", [pytest.param(path, id=path.stem) for path in TESTS])
def test_every_alert_rings_when_it_must_and_keeps_still_when_it_must(file: Path) -> None:
    """An alert that was never seen to ring does not ring."""
    judged = run("promtool", "test", "rules", str(file))

    assert judged.returncode == 0, judged.stdout + judged.stderr


@NEEDS_PROMTOOL
def test_promtool_would_notice_an_alert_that_keeps_still(tmp_path: Path) -> None:
    """A judge that says yes to everything proves nothing."""
    shutil.copy(DEPLOY / "prometheus" / "kv-cache.yaml", tmp_path)
    text = (DEPLOY / "prometheus" / "tests" / "kv-cache.yaml").read_text(encoding="utf-8")
    (tmp_path / "tests").mkdir()
    file = tmp_path / "tests" / "kv-cache.yaml"
    file.write_text(text.replace("exp_samples: []", "exp_samples: [{labels: A, value: 1}]", 1))

    assert run("promtool", "test", "rules", str(file)).returncode != 0


def test_the_operators_rules_are_the_same() -> None:
    """Two files that say different things are found out in the night."""
    for file in rule_files(objectives_of(SHIPPED)):
        whole = YAML(typ="safe", pure=True).load(files.operator(file))

        assert whole["spec"] == YAML(typ="safe", pure=True).load(files.plain(file))


@NEEDS_PROMTOOL
def test_every_way_of_every_signal_that_is_one_series_is_recorded(tmp_path: Path) -> None:
    """A metric that was renamed goes on under the same recorded name."""
    ways = list(_single_ways())
    tests = [_test(name, metric) for name, metric in ways]
    (tmp_path / "signals.yaml").write_text(files.plain(SIGNALS), encoding="utf-8")
    file = tmp_path / "test.yaml"
    text = "rule_files: [signals.yaml]\nevaluation_interval: 1m\ntests:\n" + "".join(tests)
    file.write_text(text, encoding="utf-8")

    judged = run("promtool", "test", "rules", str(file))

    assert len(ways) > 50
    assert judged.returncode == 0, judged.stdout + judged.stderr


@pytest.mark.skipif(shutil.which("amtool") is None, reason="amtool is not installed")
def test_alertmanager_takes_our_configuration() -> None:
    """A configuration that is refused keeps the old one, which does not know us."""
    judged = run("amtool", "check-config", str(DEPLOY / "alertmanager" / "alertmanager.yaml"))

    assert judged.returncode == 0, judged.stdout + judged.stderr


@pytest.mark.skipif(shutil.which("amtool") is None, reason="amtool is not installed")
@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        pytest.param(["alertname=Watchdog"], "triaged-watchdog", id="watchdog"),
        pytest.param(["alertname=InfoInhibitor"], "nobody", id="inhibitor"),
        pytest.param(["alertname=X", "severity=page"], "triaged", id="page"),
        pytest.param(["alertname=X"], "triaged", id="anything-else"),
    ],
)
def test_an_alert_is_routed(labels: list[str], receiver: str) -> None:
    """The dead man's switch must not wait for the repeat interval of the others."""
    config = str(DEPLOY / "alertmanager" / "alertmanager.yaml")

    judged = run("amtool", "config", "routes", "test", f"--config.file={config}", *labels)

    assert judged.stdout.strip() == receiver


def _single_ways() -> list[tuple[str, str]]:
    """Return each signal's name with a metric of the engines that is enough to read it."""
    return [
        (signal.name, name)
        for signal in CATALOGUE.values()
        for way in generic(signal, by=("namespace", "model_name"))
        for name in way.metrics
        if name.startswith(("vllm:", "sglang", "trtllm_", "lmcache:"))
        and not name.endswith("_bucket")
        and len({term.metric for term in signal.ways[way.way - 1].terms}) == 1
    ]


def _test(signal: str, metric: str) -> str:
    labels = 'namespace="llm",model_name="m",job="llm/decode",pod="p",engine="0"'
    labels += ',reason="capacity"' if signal == "waiting_capacity" else ""
    labels += ',reason="deferred"' if signal == "waiting_deferred" else ""
    labels += ',finished_reason="stop"' if "request_success" in metric else ""
    at = 150 if "baseline" in signal else 15
    return (
        f"  - interval: 1m\n    input_series:\n      - series: '{metric}{{{labels}}}'\n"
        f"        values: '0+60x{at}'\n    promql_expr_test:\n"
        f"      - expr: 'count(triaged:{signal}{{namespace=\"llm\"}})'\n"
        f"        eval_time: {at}m\n        exp_samples: [{{labels: '{{}}', value: 1}}]\n"
    )
