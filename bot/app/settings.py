"""Settings: addresses, secrets and places, read from the environment once."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints  # Any: a field's value is of its own type

from bot.app.secret import Secret
from incidents.errors import Rejected

PREFIX = "TRIAGED_"
ROLES = ("door", "slack", "desk", "hands")
MODES = ("apply",)
NO_SECRET = Secret("")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a setting means, why its default is as it is, and how its text is read."""

    meaning: str
    why: str
    read: Callable[[str], object] = str


def _secret_file(name: str) -> Secret:
    try:
        return Secret(Path(name).read_text(encoding="utf-8").strip())
    except OSError as error:
        message = f"{name}: {error.strerror}"
        raise Rejected(message) from error


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _roles(text: str) -> tuple[str, ...]:
    for role in _words(text):
        if role not in ROLES:
            message = f"{role!r} is no role; roles are {', '.join(ROLES)}"
            raise Rejected(message)
    return _words(text)


def _mode(text: str) -> str:
    if text not in MODES:
        message = f"{text!r} is no mode; there is {', '.join(MODES)}"
        raise Rejected(message)
    return text


def _truth(text: str) -> bool:
    if text not in {"true", "false"}:
        message = f"{text!r} is neither true nor false"
        raise Rejected(message)
    return text == "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting, with what it is and why its default is as it is."""

    database_url: Annotated[
        str,
        About(
            meaning="Where the journal is: `sqlite:///path` or `postgresql://user@host/name`.",
            why="SQLite needs nothing to be set up; more than one replica needs PostgreSQL.",
        ),
    ] = "sqlite:///var/triaged.db"
    chain_key_file: Annotated[
        Path | None,
        About(
            meaning="File with the 32 bytes of the journal's chain key, open to its owner only.",
            why="Beside a SQLite file one is made with mode 0600; PostgreSQL requires it.",
            read=Path,
        ),
    ] = None
    config: Annotated[
        Path | None,
        About(
            meaning="Folder with `policy.yaml`, `people.yaml`, `runbooks/`; each may be missing.",
            why="The built-in policy and runbooks make an empty folder, or none, work.",
            read=Path,
        ),
    ] = None
    listen: Annotated[
        str,
        About(
            meaning="Address and port of the door and the pages.",
            why="Loopback: nothing is open to others before somebody says so.",
        ),
    ] = "127.0.0.1:8080"
    webhook_tokens: Annotated[
        Secret,
        About(
            meaning="File of `source token` lines; two lines of a source are valid at once.",
            why="Without it the door answers on loopback only.",
            read=_secret_file,
        ),
    ] = NO_SECRET
    page_token: Annotated[
        Secret,
        About(
            meaning="File with the token that opens the pages to others than loopback.",
            why="Without it the pages answer loopback only.",
            read=_secret_file,
        ),
    ] = NO_SECRET
    public_url: Annotated[
        str,
        About(
            meaning="Address of the pages as people reach them, for links.",
            why="Empty: the address of `TRIAGED_LISTEN`.",
        ),
    ] = ""
    slack_bot_token: Annotated[
        Secret,
        About(
            meaning="File with the bot token, `xoxb-…`.",
            why="Without it nothing is said in Slack; pages and command line still work.",
            read=_secret_file,
        ),
    ] = NO_SECRET
    slack_app_token: Annotated[
        Secret,
        About(
            meaning="File with the app-level token for Socket Mode, `xapp-…`.",
            why="As above.",
            read=_secret_file,
        ),
    ] = NO_SECRET
    slack_api_url: Annotated[
        str,
        About(
            meaning="Base address of Slack's Web API.",
            why="Slack's own; rehearsals point it at a stand-in.",
        ),
    ] = "https://slack.com/api/"
    slack_post_gap: Annotated[
        float,
        About(
            meaning="Seconds between two posts into one channel.",
            why="Slack allows about one a second.",
            read=float,
        ),
    ] = 1.0
    kubernetes_url: Annotated[
        str,
        About(
            meaning="Address of the API server.",
            why="Empty: `TRIAGED_KUBECONFIG`, else the pod's service account.",
        ),
    ] = ""
    kubeconfig: Annotated[
        Path | None,
        About(
            meaning="A kubeconfig file, used where `TRIAGED_KUBERNETES_URL` is empty.",
            why="In a cluster the service account is enough.",
            read=Path,
        ),
    ] = None
    kubernetes_token_file: Annotated[
        Path | None,
        About(
            meaning="File with a bearer token for the API server; read again as it rotates.",
            why="A service account brings its own.",
            read=Path,
        ),
    ] = None
    kubernetes_ca_file: Annotated[
        Path | None,
        About(
            meaning="File with the CA of `TRIAGED_KUBERNETES_URL`.",
            why="The system's CAs otherwise.",
            read=Path,
        ),
    ] = None
    prometheus_url: Annotated[
        str,
        About(
            meaning="Address of Prometheus, Thanos or another server of its HTTP API.",
            why="Empty: every signal says that it cannot tell.",
        ),
    ] = ""
    prometheus_token_file: Annotated[
        Path | None,
        About(
            meaning="File with a bearer token for Prometheus; read again as it rotates.",
            why="Most installations need none inside the cluster.",
            read=Path,
        ),
    ] = None
    prometheus_ca_file: Annotated[
        Path | None,
        About(
            meaning="File with the CA of Prometheus.", why="The system's CAs otherwise.", read=Path
        ),
    ] = None
    alertmanager_urls: Annotated[
        tuple[str, ...],
        About(
            meaning="Addresses of the Alertmanagers, with commas between.",
            why="Not asked by this release; silences and reconciliation will.",
            read=_words,
        ),
    ] = ()
    postmortems: Annotated[
        Path,
        About(
            meaning="Folder into which postmortems are written.",
            why="Beside where triaged was started.",
            read=Path,
        ),
    ] = Path("postmortems")
    roles: Annotated[
        tuple[str, ...],
        About(
            meaning="Which parts run in this process: door, slack, desk, hands.",
            why="All in one is the simplest; apart, only `hands` may change a cluster.",
            read=_roles,
        ),
    ] = ROLES
    mode: Annotated[
        str,
        About(
            meaning="What the runner does with an approved plan.",
            why="`apply` is the only mode of this release.",
            read=_mode,
        ),
    ] = "apply"
    log_format: Annotated[
        str,
        About(
            meaning="`json` for a log store, `console` for people.",
            why="Logs are read by machines first.",
        ),
    ] = "json"
    clock_url: Annotated[
        str,
        About(
            meaning="Address of a rehearsal's clock; refused without `TRIAGED_REHEARSAL=true`.",
            why="Production reads the store's clock.",
        ),
    ] = ""
    rehearsal: Annotated[
        bool,
        About(
            meaning="Whether this is a rehearsal.", why="A rehearsal says so itself.", read=_truth
        ),
    ] = False


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings; raises Rejected that names the variable which is wrong.

    A secret is read from the file that its `…_FILE` names. An unknown `TRIAGED_…` variable is
    refused: it is a spelling mistake, or of another release.
    """
    found = os.environ if environment is None else environment
    known = {variable(name): name for name in about()}
    unknown = sorted(name for name in found if name.startswith(PREFIX) and name not in known)
    if unknown:
        message = f"unknown settings: {', '.join(unknown)}"
        raise Rejected(message)
    values: Any = {  # each value is of its own field's type
        name: _value(place, found[place], about()[name])
        for place, name in known.items()
        if place in found
    }
    return _checked(Settings(**values))


def about() -> Mapping[str, About]:
    """Return what there is to say of each setting, by its field's name, in their order."""
    hints = get_type_hints(Settings, include_extras=True)
    return {one.name: hints[one.name].__metadata__[0] for one in fields(Settings)}


def variable(name: str) -> str:
    """Return the environment variable of a setting; a secret is read from a file."""
    suffix = "_FILE" if about()[name].read is _secret_file else ""
    return f"{PREFIX}{name.upper()}{suffix}"


def address(settings: Settings) -> tuple[str, int]:
    """Return host and port of `listen`; raises Rejected when it is not `host:port`."""
    host, _, port = settings.listen.rpartition(":")
    if not host or not port.isdigit():
        message = f"{PREFIX}LISTEN: {settings.listen!r} is not host:port"
        raise Rejected(message)
    return host.strip("[]"), int(port)


def on_loopback(settings: Settings) -> bool:
    """Return whether only this machine can reach the door."""
    host, _ = address(settings)
    return host in {"::1", "localhost"} or host.startswith("127.")


def _value(place: str, text: str, one: About) -> object:
    try:
        return one.read(text)
    except (ValueError, Rejected) as error:
        message = f"{place}: {error}"
        raise Rejected(message) from error


def _checked(settings: Settings) -> Settings:
    address(settings)
    if settings.clock_url and not settings.rehearsal:
        message = f"{PREFIX}CLOCK_URL is for rehearsals; set {PREFIX}REHEARSAL=true there"
        raise Rejected(message)
    if not on_loopback(settings) and not settings.webhook_tokens:
        message = (
            f"{PREFIX}LISTEN={settings.listen} is open to others: "
            f"set {PREFIX}WEBHOOK_TOKENS_FILE first"
        )
        raise Rejected(message)
    return settings
