"""Who may read the pages."""

import pytest

from bot.web.access import Access
from tests.bot.postmortem.tale import Tale, kv_cache_story
from tests.bot.web.reading import ELSEWHERE, HERE, Reader

TOKEN = "the-token-of-the-pages"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PAGES = ("/", "/incidents.json", "/incidents/1", "/incidents/1/timeline.json")


@pytest.fixture(scope="module")
def tale() -> Tale:
    """Tell the story once; nobody changes it."""
    return kv_cache_story()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    ("token", "client", "host", "headers", "status"),
    [
        pytest.param("", HERE, "http://127.0.0.1:8080", {}, 200, id="this-machine"),
        pytest.param("", ("::1", 1), "http://[::1]:8080", {}, 200, id="this-machine-ipv6"),
        pytest.param("", ("::ffff:127.0.0.1", 1), "http://localhost", {}, 200, id="mapped"),
        pytest.param("", ELSEWHERE, "http://127.0.0.1:8080", {}, 401, id="another-machine"),
        pytest.param("", ELSEWHERE, "http://127.0.0.1", BEARER, 401, id="a-token-where-none-is"),
        pytest.param("", HERE, "http://evil.example", {}, 401, id="dns-rebinding"),
        pytest.param("", HERE, "http://localhost", {"X-Forwarded-For": "1.2.3.4"}, 401, id="proxy"),
        pytest.param("", HERE, "http://localhost", {"Forwarded": "for=1"}, 401, id="new-proxy"),
        pytest.param(TOKEN, HERE, "http://127.0.0.1:8080", {}, 200, id="here-beside-a-token"),
        pytest.param(TOKEN, ELSEWHERE, "http://desk.example", BEARER, 200, id="the-token"),
        pytest.param(TOKEN, ELSEWHERE, "http://desk.example", {}, 401, id="no-token"),
        pytest.param(
            TOKEN,
            ELSEWHERE,
            "http://desk.example",
            {"Authorization": f"Bearer {TOKEN}x"},
            401,
            id="another-token",
        ),
        pytest.param(
            TOKEN, ELSEWHERE, "http://d.example", {"Authorization": TOKEN}, 401, id="no-scheme"
        ),
        pytest.param(
            TOKEN,
            ELSEWHERE,
            "http://d.example",
            {"Cookie": f"triaged_pages={TOKEN}"},
            401,
            id="the-token-is-no-cookie",
        ),
        pytest.param(
            TOKEN, ELSEWHERE, "http://d.example", {"Authorization": "Bearer "}, 401, id="empty"
        ),
    ],
)
def test_a_page_is_read_by_those_who_may(
    tale: Tale,
    path: str,
    token: str,
    client: tuple[str, int],
    host: str,
    headers: dict[str, str],
    status: int,
) -> None:
    """An incident names customers' models and weak spots: every way in is judged, on every page."""
    answer = Reader(tale, token=token).get(path, client=client, host=host, headers=headers)

    assert answer.status_code == status
    assert ("INC-1" in answer.text or '"rows"' in answer.text) == (status == 200)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("LOCALHOST:8080", 200, id="loud"),
        pytest.param("[::1]", 200, id="ipv6"),
        pytest.param("localhost.evil.example", 401, id="begins-alike"),
        pytest.param("127.0.0.1.evil.example", 401, id="begins-with-an-address"),
        pytest.param("127.0.0.1@evil.example", 401, id="user-part"),
        pytest.param("10.1.2.3", 401, id="another-address"),
        pytest.param("[::1", 401, id="no-address"),
        pytest.param("a b:x", 401, id="no-name"),
        pytest.param("", 401, id="empty"),
    ],
)
def test_a_strange_host_is_refused_and_never_a_crash(tale: Tale, host: str, status: int) -> None:
    """A page of another site can make a browser here ask under its own name."""
    answer = Reader(tale).get("/", headers={"Host": host})

    assert answer.status_code == status


def test_the_token_in_the_address_becomes_a_cookie(tale: Tale) -> None:
    """A token that stays in the address is in every history, log and screenshot."""
    reader = Reader(tale, token=TOKEN)

    first = reader.get(f"/incidents/1?token={TOKEN}", client=ELSEWHERE, host="http://d.example")
    cookie = first.headers["set-cookie"].partition(";")[0]
    second = reader.get(
        "/incidents/1", client=ELSEWHERE, host="http://d.example", headers={"Cookie": cookie}
    )

    assert (first.status_code, first.headers["location"]) == (303, "/incidents/1")
    assert TOKEN not in str(first.headers)
    assert second.status_code == 200


@pytest.mark.parametrize(
    ("scheme", "flags"),
    [
        pytest.param("http", {"HttpOnly", "SameSite=Lax"}, id="http"),
        pytest.param("https", {"HttpOnly", "SameSite=Lax", "Secure"}, id="https"),
    ],
)
def test_the_cookie_is_kept_from_scripts_and_other_sites(
    tale: Tale, scheme: str, flags: set[str]
) -> None:
    """A cookie that a script can read is a token that a script can send away."""
    answer = Reader(tale, token=TOKEN).get(
        f"/?token={TOKEN}", client=ELSEWHERE, host=f"{scheme}://d.example"
    )

    said = set(answer.headers["set-cookie"].split("; ")[1:])
    assert said == flags | {"Path=/", f"Max-Age={7 * 24 * 3600}"}


def test_the_way_back_cannot_write_headers(tale: Tale) -> None:
    """A line feed in an address must not become a header of the answer."""
    answer = Reader(tale, token=TOKEN).get(
        f"/incidents/1%0d%0aX-Evil:%20yes?token={TOKEN}", client=ELSEWHERE
    )

    assert answer.headers["location"] == "/incidents/1%0D%0AX-Evil%3A%20yes"


@pytest.mark.parametrize("token", ["", "wrong", "\u00e9", "\x00"], ids=repr)
def test_a_wrong_token_in_the_address_is_refused(tale: Tale, token: str) -> None:
    """A guess must not crash the comparison, whatever its characters."""
    answer = Reader(tale, token=TOKEN).ask(
        "GET", "/?token=" + "".join(f"%{byte:02x}" for byte in token.encode()), client=ELSEWHERE
    )

    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_the_rule_does_not_print_its_token() -> None:
    """A token in a traceback is a token in a log."""
    assert TOKEN not in repr(Access(token=TOKEN))
