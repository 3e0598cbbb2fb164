"""What a query says about where an alert points, and what it can never make us believe."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.correlation import Origin, Part, Place, Placing, key, place, placed, words
from incidents.origin import LONGEST, MOST, VALUE, told
from tests.builders import alert


def address(expression: str) -> str:
    return f"http://prometheus:9090/graph?g0.expr={quote(expression)}&g0.tab=1"


@pytest.mark.parametrize(
    ("expression", "labels"),
    [
        pytest.param('absent(up{namespace="llm-d"})', {"namespace": "llm-d"}, id="absent"),
        pytest.param("up{a='b', c=`d`}", {"a": "b", "c": "d"}, id="every-quote"),
        pytest.param('sum(x{a="b"}) / sum(y{a="b"})', {"a": "b"}, id="twice-the-same"),
        pytest.param('x{a="b"} or y{a="c"}', {}, id="two-say-different-things"),
        pytest.param('x{a=~"b", c!="d", e!~"f"}', {}, id="no-equality"),
        pytest.param('x{a="b"} # {a="z"}', {"a": "b"}, id="comment"),
        pytest.param('x{a="{c=\\"d\\"}"}', {}, id="a-selector-within-a-text"),
        pytest.param('label_replace(x, "a", "b", "c", "d")', {}, id="texts-outside"),
        pytest.param('{"a.b"="c"}', {}, id="quoted-name"),
        pytest.param('x{="b"}', {}, id="no-name"),
        pytest.param('x{a="b\nc"}', {}, id="two-lines"),
        pytest.param('x{a=""}', {}, id="empty"),
        pytest.param(f'x{{a="{"v" * VALUE}"}}', {}, id="too-long-a-value"),
        pytest.param("x{" + ",".join(f'a{n}="b"' for n in range(MOST + 1)) + "}", {}, id="many"),
        pytest.param("", {}, id="nothing"),
    ],
)
def test_only_what_all_matchers_say_is_believed(expression: str, labels: dict[str, str]) -> None:
    """A query that speaks of two namespaces says nothing about either."""
    assert told(address(expression)) == labels


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="none"),
        pytest.param("http://[", id="no-address"),
        pytest.param("http://p/graph?" + "&".join(["a=b"] * 200), id="too-many-fields"),
        pytest.param(address('x{a="b"}' + " " * LONGEST), id="too-long"),
        pytest.param("http://p/alerting/grafana/abc/view", id="grafana"),
    ],
)
def test_an_address_without_a_query_says_nothing(url: str) -> None:
    """It is foreign text: it may be anything, and must cost nothing."""
    assert told(url) == {}


@pytest.mark.parametrize(
    ("expression", "pool"),
    [
        pytest.param("inference_pool_ready_pods == 0", "p", id="before-the-renaming"),
        pytest.param("llm_d_router_epp_ready_endpoints == 0", "p", id="router"),
        pytest.param("llm_d_epp_average_queue_size > 5", "p", id="average"),
        pytest.param("llm_d_epp_info", "", id="no-series-of-a-pool"),
        pytest.param("kube_pod_info", "", id="something-else"),
    ],
)
def test_a_name_is_a_pool_where_the_endpoint_picker_says_it(expression: str, pool: str) -> None:
    """Anything may be called `name`; in the picker's own series it is the pool."""
    said = alert(labels={"model_name": "", "name": "p"}, url=address(expression))
    asked = alert(labels={"model_name": ""}, url=address(f'{expression} and x{{name="p"}}'))

    assert (place(said).pool, place(asked).pool) == (pool, pool)


def test_a_pool_s_own_label_counts_more_than_a_name() -> None:
    """Our rules write the pool where it belongs."""
    labels = {"pool": "mine", "name": "other"}

    assert place(alert(labels=labels, url=address("inference_pool_ready_pods"))).pool == "mine"


@given(st.text(st.sampled_from(["{", "}", '"', "'", "`", "\\", "=", "~", ",", "a", "#", "\n"])))
def test_no_text_breaks_the_reading(text: str) -> None:
    """Whoever may write a rule must not be able to stop the desk."""
    assert all(name and value for name, value in told(address(text)).items())


ABSENT = alert(
    "EPPMetricsAbsent",
    labels={"namespace": "", "model_name": ""},
    url=address('absent(x{namespace="q", inference_pool="p"})'),
)


def test_labels_come_before_the_origin_and_that_before_the_query() -> None:
    """What an alert says of itself is nearest to the truth."""
    origin = Origin(labels={"namespace": "o", "cluster": "eu"}, source="alertmanager:*")

    found = placed(ABSENT, Placing(origins=(origin,)))

    assert found.place == Place(cluster="eu", namespace="o", model="", role="", pool="p")
    assert found.because == (
        "cluster eu from its origin, namespace o from its origin, pool p from its query"
    )


@pytest.mark.parametrize(
    ("origin", "cluster"),
    [
        pytest.param(Origin(labels={"cluster": "eu"}, source="other:*"), "local", id="source"),
        pytest.param(Origin(labels={"cluster": "eu"}, url="http://prometheus*"), "eu", id="url"),
        pytest.param(Origin(labels={"cluster": "eu"}, url="https*"), "local", id="other-url"),
    ],
)
def test_an_origin_is_meant_where_all_of_it_fits(origin: Origin, cluster: str) -> None:
    """Two clusters may deliver through one receiver."""
    assert place(ABSENT, Placing(origins=(origin,))).cluster == cluster


def test_a_pool_stands_for_its_model() -> None:
    """The endpoint picker's alerts name no model."""
    assert key(ABSENT) == "local/q/pool:p"


@pytest.mark.parametrize(
    ("parts", "shared"),
    [
        pytest.param({Part.NAMESPACE}, "local/llm-d/", id="namespace"),
        pytest.param({Part.MODEL}, "local//llama-3-70b", id="model"),
        pytest.param(set(Part), "local/llm-d/llama-3-70b/pool:p/role:decode", id="all"),
    ],
)
def test_the_parts_of_the_key_are_configuration(parts: set[Part], shared: str) -> None:
    """Who runs prefill and decode in two teams wants two incidents."""
    one = alert(labels={"role": "decode", "pool": "p"})

    assert key(one, Placing(parts=frozenset(parts))) == shared


def test_a_rule_may_compare_labels_place_and_key() -> None:
    """A matcher on the namespace must not miss an alert that names it otherwise."""
    where = Place(cluster="eu", namespace="n", model="m", role="", pool="")

    assert words({"severity": "page", "model": "x", "pod": ""}, where, "k") == {
        "cluster": "eu",
        "namespace": "n",
        "model": "x",
        "severity": "page",
        "key": "k",
    }
