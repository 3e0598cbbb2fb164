"""Settings: each is read from its own variable, and what is wrong is named."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app import reading
from bot.app.secret import Secret
from bot.app.settings import PREFIX, Settings, about, load, on_loopback, variable
from incidents.errors import Rejected

CANARY = "canary-7f3a"
SECRETS = [name for name, one in about().items() if one.read is reading.secret_file]

# What each variable may say, and the value that comes of it.
GIVEN: Mapping[str, tuple[str, object]] = {
    "DATABASE_URL": ("postgresql://u@h/d", "postgresql://u@h/d"),
    "CHAIN_KEY_FILE": ("/run/key", Path("/run/key")),
    "CONFIG": ("/etc/triaged", Path("/etc/triaged")),
    "LISTEN": ("127.0.0.1:9000", "127.0.0.1:9000"),
    "PUBLIC_URL": ("https://triaged.example", "https://triaged.example"),
    "SLACK_API_URL": ("http://127.0.0.1:1/api/", "http://127.0.0.1:1/api/"),
    "SLACK_POST_GAP": ("0.5", 0.5),
    "SLACK_CALLS": ("0", 0),
    "CLUSTER": ("eu-1", "eu-1"),
    "KUBERNETES_URL": ("https://k:6443", "https://k:6443"),
    "KUBECONFIG": ("/k", Path("/k")),
    "KUBERNETES_TOKEN_FILE": ("/t", Path("/t")),
    "SNAPSHOT_TOKEN_FILE": ("/s", Path("/s")),
    "KUBERNETES_CA_FILE": ("/c", Path("/c")),
    "PROMETHEUS_URL": ("http://p:9090", "http://p:9090"),
    "PROMETHEUS_TOKEN_FILE": ("/pt", Path("/pt")),
    "PROMETHEUS_CA_FILE": ("/pc", Path("/pc")),
    "ALERTMANAGER_URLS": ("http://a:9093, http://b:9093", ("http://a:9093", "http://b:9093")),
    "ALERTMANAGER_TOKEN_FILE": ("/at", Path("/at")),
    "ALERTMANAGER_CA_FILE": ("/ac", Path("/ac")),
    "POSTMORTEMS": ("/pm", Path("/pm")),
    "ROLES": ("door,slack", ("door", "slack")),
    "LOG_FORMAT": ("console", "console"),
    "CLOCK_URL": ("http://w", "http://w"),
    "REHEARSAL": ("true", True),
}


def given(folder: Path) -> dict[str, str]:
    """Return every variable, with a file of its own for every secret."""
    variables = {f"{PREFIX}{name}": text for name, (text, _) in GIVEN.items()}
    for name in SECRETS:
        (folder / name).write_text(f" {CANARY}-{name}\n")
        variables[variable(name)] = str(folder / name)
    return variables


def test_every_variable_reaches_its_setting(tmp_path: Path) -> None:
    """A variable that is read into nothing looks set and is not."""
    plain = {name.lower(): value for name, (_, value) in GIVEN.items()}
    secret = {name: Secret(f"{CANARY}-{name}") for name in SECRETS}

    variables = given(tmp_path)

    assert load(variables) == Settings(**plain, **secret)
    assert set(variables) == {variable(name) for name in about()}


def test_no_variable_and_an_empty_one_give_the_default() -> None:
    """Charts and compose files pass variables on that nobody has set."""
    empty = {variable(name): "" for name in about()}

    assert load(empty) == load({}) == Settings()


def test_variables_of_others_are_left_alone() -> None:
    """PATH is no spelling mistake."""
    assert load({"PATH": "/bin", "SLACK_BOT_TOKEN": "x"}) == Settings()


def test_unknown_variables_are_refused_by_name() -> None:
    """A misspelt setting that is passed over is found out in the next incident."""
    with pytest.raises(Rejected) as refused:
        load({"TRIAGED_LISTNE": CANARY, "TRIAGED_CONFG": CANARY})

    assert str(refused.value) == "unknown settings: TRIAGED_CONFG, TRIAGED_LISTNE"


@pytest.mark.parametrize(
    ("name", "text", "because"),
    [
        pytest.param("LISTEN", "8080", "'8080' is not host:port", id="no-host"),
        pytest.param("LISTEN", "h:99999", "'h:99999' is not host:port", id="no-port"),
        pytest.param("LISTEN", "h:٣", "'h:٣' is not host:port", id="foreign-digits"),
        pytest.param("LISTEN", "::1:80", "'::1:80' is not host:port", id="no-brackets"),
        pytest.param(
            "ROLES", "door,boss", "'boss' is unknown; known are door, slack, desk, hands", id="role"
        ),
        pytest.param(
            "ROLES", ",", "name at least one of door, slack, desk, hands", id="no-role-at-all"
        ),
        pytest.param(
            "LOG_FORMAT", "text", "'text' is unknown; known are json, console", id="log-form"
        ),
        pytest.param("REHEARSAL", "1", "'1' is unknown; known are true, false", id="truth"),
        pytest.param("SLACK_POST_GAP", "-1", "'-1' is no number of seconds", id="negative"),
        pytest.param("SLACK_POST_GAP", "nan", "'nan' is no number of seconds", id="no-number"),
        pytest.param("SLACK_CALLS", "-1", "'-1' is no whole number, 0 or more", id="less-than-0"),
        pytest.param("SLACK_CALLS", "4.5", "'4.5' is no whole number, 0 or more", id="a-fraction"),
        pytest.param(
            "PROMETHEUS_URL",
            "file:///etc/passwd",
            "'file:///etc/passwd' is no address: expected http://… or https://…",
            id="a-file",
        ),
        pytest.param(
            "PROMETHEUS_URL",
            f"https://u:{CANARY}@p",
            "a password has no place in an address",
            id="password",
        ),
        pytest.param("PAGE_TOKEN_FILE", "/no/f", "/no/f: No such file or directory", id="no-file"),
    ],
)
def test_what_is_wrong_is_named_with_its_variable(name: str, text: str, because: str) -> None:
    """Whoever reads the sentence must know which line of their chart to mend."""
    with pytest.raises(Rejected) as refused:
        load({f"{PREFIX}{name}": text})

    assert str(refused.value) == f"{PREFIX}{name}: {because}"
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize("body", [pytest.param(b"\xff", id="bytes"), pytest.param(b"\n", id="no")])
def test_a_secret_that_is_none_is_refused(tmp_path: Path, body: bytes) -> None:
    """An empty file would silently be no Slack at all."""
    file = tmp_path / "token"
    file.write_bytes(CANARY.encode() + body if body == b"\xff" else body)

    with pytest.raises(Rejected) as refused:
        load({"TRIAGED_SLACK_BOT_TOKEN_FILE": str(file)})

    assert str(refused.value).startswith(f"TRIAGED_SLACK_BOT_TOKEN_FILE: {file}: ")
    assert CANARY not in repr(refused.value)
    assert refused.value.__cause__ is None or CANARY not in repr(refused.value.__cause__.__cause__)


@pytest.mark.parametrize(
    ("variables", "because"),
    [
        pytest.param(
            {"TRIAGED_CLOCK_URL": "http://w"},
            "TRIAGED_CLOCK_URL is for rehearsals; set TRIAGED_REHEARSAL=true there",
            id="a-clock-outside-of-rehearsals",
        ),
        pytest.param(
            {"TRIAGED_LISTEN": "0.0.0.0:80"},
            "TRIAGED_LISTEN=0.0.0.0:80 is open to others: set TRIAGED_WEBHOOK_TOKENS_FILE first",
            id="an-open-door",
        ),
        pytest.param(
            {"TRIAGED_SLACK_APP_TOKEN_FILE": __file__},
            "TRIAGED_SLACK_APP_TOKEN_FILE alone hears and never answers: "
            "set TRIAGED_SLACK_BOT_TOKEN_FILE too",
            id="a-deaf-mute",
        ),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(
    variables: Mapping[str, str], because: str
) -> None:
    """Each would work for a while, and then surprise somebody."""
    with pytest.raises(Rejected) as refused:
        load(variables)

    assert str(refused.value) == because


def test_no_secret_shows_in_a_printed_setting(tmp_path: Path) -> None:
    """Settings end up in logs, in errors and on screens that are shared."""
    found = replace(load(given(tmp_path)), database_url=f"postgresql://u:{CANARY}@h/d")

    assert CANARY not in f"{found!r} {found} {[str(getattr(found, one)) for one in SECRETS]}"
    assert f"{found.page_token:>40}" == "***"


def test_a_secret_equals_itself_alone() -> None:
    """A comparison that is always true would open every door."""
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert not Secret("")


@pytest.mark.parametrize(
    ("listen", "near"),
    [
        pytest.param("127.0.0.1:1", True, id="loopback"),
        pytest.param("127.9.9.9:1", True, id="all-of-127"),
        pytest.param("[::1]:1", True, id="v6"),
        pytest.param("localhost:1", True, id="by-name"),
        pytest.param("0.0.0.0:1", False, id="everywhere"),
        pytest.param("[::]:1", False, id="everywhere-v6"),
        pytest.param("127.example.com:1", False, id="a-name-that-begins-alike"),
    ],
)
def test_only_this_machine_is_loopback(listen: str, near: bool) -> None:
    """The door without tokens opens there and nowhere else."""
    assert on_loopback(Settings(listen=listen)) is near
