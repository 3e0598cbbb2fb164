"""promtool and amtool judge what we ship: every file, and every alert in every state."""

import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from bot.app.cli.rules import SHIPPED
from bot.app.configuration import objectives_of
from cluster.rules import files
from cluster.rules.shipped import rule_files
from tests.servers.rules.judging import NEEDS_PROMTOOL, run

DEPLOY = Path(__file__).parents[3] / "deploy"
RULES = sorted(
    path for path in (DEPLOY / "prometheus").glob("*.yaml") if path.name != "objectives.yaml"
)
TESTS = DEPLOY / "prometheus" / "tests"

pytestmark = pytest.mark.server


@NEEDS_PROMTOOL
def test_prometheus_takes_every_rule_file() -> None:
    """A file that is refused stops all rules of a Prometheus."""
    judged = run("promtool", "check", "rules", *map(str, RULES))

    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert judged.stdout.count("SUCCESS") == len(RULES) > 8


@NEEDS_PROMTOOL
@pytest.mark.parametrize("name", ["kv-cache", "pods"])
def test_the_tests_that_we_ship_pass_as_they_lie(name: str) -> None:
    """One file that works alone, and one that needs the signals: the ways between them are right.

    The tests of all alerts are run in `test_silence.py`, with no rule that they do not need.
    """
    judged = run("promtool", "test", "rules", str(TESTS / f"{name}.yaml"))

    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_every_file_of_tests_names_rule_files_that_are_there() -> None:
    """A test of no rules passes where nothing must ring."""
    for file in sorted(TESTS.glob("*.yaml")):
        named = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))["rule_files"]

        assert named
        assert all((TESTS / name).resolve() in RULES for name in named)


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
