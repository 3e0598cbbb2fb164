"""Settings: addresses, secrets and places, read from the environment once."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, get_type_hints  # Any: a field's value is of its own type

from bot.app import reading
from bot.app.reading import About
from bot.app.secret import Secret
from incidents.errors import Rejected

PREFIX = "TRIAGED_"
ROLES = ("door", "slack", "desk", "hands")
LOG_FORMS = ("json", "console")
NO_SECRET = Secret("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting, with what it is and why its default is as it is."""

    database_url: Annotated[
        str,
        About(
            meaning="Where the journal is: `sqlite:///path` or `postgresql://user@host/name`.",
            why="SQLite needs nothing to be set up; more than one replica needs PostgreSQL.",
        ),
    ] = field(default="sqlite:///var/triaged.db", repr=False)  # it may hold a password
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
            meaning="Folder with `policy.yaml`, `people.yaml`, `ownership.yaml`, "
            "`objectives.yaml`, `environments.yaml`, `runbooks/`, `manifests/`, `jobs/`; "
            "each may be missing.",
            why="The built-in policy and runbooks make an empty folder, or none, work.",
            read=Path,
        ),
    ] = None
    listen: Annotated[
        str,
        About(
            meaning="Address and port of the door and the pages.",
            why="Loopback: nothing is open to others before somebody says so.",
            read=reading.listening,
        ),
    ] = "127.0.0.1:8080"
    webhook_tokens: Annotated[
        Secret,
        About(
            meaning="File of `source token` lines; two lines of a source are valid at once.",
            why="Without it the door answers on loopback only.",
            read=reading.secret_file,
        ),
    ] = NO_SECRET
    page_token: Annotated[
        Secret,
        About(
            meaning="File with the token that opens the pages to others than loopback.",
            why="Without it the pages answer loopback only.",
            read=reading.secret_file,
        ),
    ] = NO_SECRET
    public_url: Annotated[
        str,
        About(
            meaning="Address of the pages as people reach them, for links.",
            why="Empty: the address of `TRIAGED_LISTEN`.",
            read=reading.http,
        ),
    ] = ""
    slack_bot_token: Annotated[
        Secret,
        About(
            meaning="File with the bot token, `xoxb-…`.",
            why="Without it nothing is said in Slack; pages and command line still work.",
            read=reading.secret_file,
        ),
    ] = NO_SECRET
    slack_app_token: Annotated[
        Secret,
        About(
            meaning="File with the app-level token for Socket Mode, `xapp-…`.",
            why="Without it nothing is heard from Slack: buttons and commands do nothing.",
            read=reading.secret_file,
        ),
    ] = NO_SECRET
    slack_api_url: Annotated[
        str,
        About(
            meaning="Base address of Slack's Web API.",
            why="Slack's own; rehearsals point it at a stand-in.",
            read=reading.http,
        ),
    ] = "https://slack.com/api/"
    slack_post_gap: Annotated[
        float,
        About(
            meaning="Seconds between two posts into one channel.",
            why="Slack allows about one a second.",
            read=reading.seconds,
        ),
    ] = 1.0
    slack_calls: Annotated[
        int,
        About(
            meaning="Calls of Slack in a minute beyond which only what is urgent leaves.",
            why="A storm stays readable, and far below what Slack takes; 0 is no bound.",
            read=reading.count,
        ),
    ] = 40
    cluster: Annotated[
        str,
        About(
            meaning="What alerts call the cluster at hand, in their label `cluster`.",
            why="An alert without the label is of the cluster at hand; no other one is touched.",
        ),
    ] = "local"
    kubernetes_url: Annotated[
        str,
        About(
            meaning="Address of the API server.",
            why="Empty: `TRIAGED_KUBECONFIG`, else the pod's service account.",
            read=reading.http,
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
    snapshot_token_file: Annotated[
        Path | None,
        About(
            meaning="File with the token of `triaged-snapshot`, for `triaged snapshot` alone.",
            why="Without it the token of `TRIAGED_KUBERNETES_TOKEN_FILE`, or the pod's own.",
            read=Path,
        ),
    ] = None
    prometheus_url: Annotated[
        str,
        About(
            meaning="Address of Prometheus, Thanos or another server of its HTTP API.",
            why="Empty: every signal says that it cannot tell.",
            read=reading.http,
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
            why="Empty: `triaged silence` refuses, since there is nobody to ask.",
            read=reading.addresses,
        ),
    ] = ()
    alertmanager_token_file: Annotated[
        Path | None,
        About(
            meaning="File with a bearer token for the Alertmanagers; read again as it rotates.",
            why="Most installations need none inside the cluster.",
            read=Path,
        ),
    ] = None
    alertmanager_ca_file: Annotated[
        Path | None,
        About(
            meaning="File with the CA of the Alertmanagers.",
            why="The system's CAs otherwise.",
            read=Path,
        ),
    ] = None
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
            meaning="Which parts run in this process: door, slack, desk, hands. "
            "`triaged serve --roles` wins over it.",
            why="All in one is the simplest; apart, only `hands` may change a cluster.",
            read=reading.some_of(*ROLES),
        ),
    ] = ROLES
    log_format: Annotated[
        str,
        About(
            meaning="`json` for a log store, `console` for people.",
            why="Logs are read by machines first.",
            read=reading.one_of(*LOG_FORMS),
        ),
    ] = "json"
    clock_url: Annotated[
        str,
        About(
            meaning="Address of a rehearsal's clock; refused without `TRIAGED_REHEARSAL=true`.",
            why="Production reads the store's clock.",
            read=reading.http,
        ),
    ] = ""
    rehearsal: Annotated[
        bool,
        About(
            meaning="Whether this is a rehearsal.",
            why="A rehearsal says so itself.",
            read=reading.truth,
        ),
    ] = False


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings; raises Rejected that names the variable which is wrong.

    A secret is read from the file that its `…_FILE` names. An unknown `TRIAGED_…` variable is
    refused: it is a spelling mistake, or of another release. An empty one is as if it were unset.
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
        if found.get(place)
    }
    return _checked(Settings(**values))


def with_roles(settings: Settings, text: str) -> Settings:
    """Return the settings with the roles that `--roles` names; raises Rejected for another word."""
    return replace(settings, roles=_value("--roles", text, about()["roles"]))


def about() -> Mapping[str, About]:
    """Return what there is to say of each setting, by its field's name, in their order."""
    hints = get_type_hints(Settings, include_extras=True)
    return {one.name: hints[one.name].__metadata__[0] for one in fields(Settings)}


def variable(name: str) -> str:
    """Return the environment variable of a setting; a secret is read from a file."""
    suffix = "_FILE" if about()[name].read is reading.secret_file else ""
    return f"{PREFIX}{name.upper()}{suffix}"


def address(settings: Settings) -> tuple[str, int]:
    """Return host and port of `listen`."""
    return reading.host_and_port(settings.listen)


def on_loopback(settings: Settings) -> bool:
    """Return whether only this machine can reach the door."""
    host, _ = address(settings)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _value(place: str, text: str, one: About) -> Any:  # of its own field's type
    try:
        return one.read(text)
    except (ValueError, Rejected) as error:
        message = f"{place}: {error}"
        raise Rejected(message) from error


def _checked(settings: Settings) -> Settings:
    """Refuse settings that do not fit together; each sentence says what to set."""
    if settings.clock_url and not settings.rehearsal:
        message = f"{PREFIX}CLOCK_URL is for rehearsals; set {PREFIX}REHEARSAL=true there"
        raise Rejected(message)
    if not on_loopback(settings) and not settings.webhook_tokens:
        message = (
            f"{PREFIX}LISTEN={settings.listen} is open to others: "
            f"set {PREFIX}WEBHOOK_TOKENS_FILE first"
        )
        raise Rejected(message)
    if settings.slack_app_token and not settings.slack_bot_token:
        message = (
            f"{PREFIX}SLACK_APP_TOKEN_FILE alone hears and never answers: "
            f"set {PREFIX}SLACK_BOT_TOKEN_FILE too"
        )
        raise Rejected(message)
    return settings
