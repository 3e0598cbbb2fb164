"""Who last wrote a field, as managedFields tell it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cluster.clients.parse import Malformed
from cluster.drift.findings import Written
from cluster.drift.written import Field, last

SIZE: Field = ("spec", "replicas")
IMAGE: Field = ("spec", "template", "spec", "containers", ("name", "vllm"), "image")
CONTAINER = 'k:{"name":"vllm"}'


def entry(manager: str, fields: Any, *, hour: int = 12, **more: Any) -> dict[str, Any]:
    time = f"2026-03-01T{hour:02}:00:00Z"
    return {"manager": manager, "time": time, "fieldsV1": fields, **more}


def by(manager: str, hour: int = 12) -> Written:
    return Written(by=manager, at=datetime(2026, 3, 1, hour, tzinfo=UTC))


def containers(fields: Any) -> Any:
    return {"f:spec": {"f:template": {"f:spec": {"f:containers": fields}}}}


def wrote(field: Field, *entries: Any) -> Written | None:
    return last({"metadata": {"managedFields": list(entries)}}, field)


REPLICAS: dict[str, Any] = {"f:spec": {"f:replicas": {}}}


def test_who_owns_the_field_wrote_it() -> None:
    """Whoever wrote something else did not."""
    others = entry("helm", {"f:spec": {"f:paused": {}}}, hour=13)

    assert wrote(SIZE, entry("kubectl", REPLICAS), others) == by("kubectl")


def test_of_several_owners_the_last_one_is_named() -> None:
    """With server-side apply two may own one value."""
    both = (entry("flux", REPLICAS, hour=13), entry("kubectl", REPLICAS))

    assert wrote(SIZE, *both) == wrote(SIZE, *reversed(both)) == by("flux", 13)


def test_a_subresource_is_named_with_its_writer() -> None:
    """`kube-controller-manager` through scale is an autoscaler, and otherwise it is not."""
    found = wrote(SIZE, entry("kube-controller-manager", REPLICAS, subresource="scale"))

    assert found == by("kube-controller-manager (through scale)")


def test_an_item_of_a_list_is_found_by_its_key() -> None:
    """Each container has an image, and each its own writer."""
    other = entry("sidecars", containers({'k:{"name":"proxy"}': {"f:image": {}}}), hour=13)
    ours = entry("kubectl", containers({CONTAINER: {".": {}, "f:image": {}}}))

    assert wrote(IMAGE, other, ours) == by("kubectl")


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"f:spec": {}}, id="no-such-field"),
        pytest.param(containers({"k:{broken": {"f:image": {}}}), id="no-json"),
        pytest.param(containers({"k:[1]": {"f:image": {}}}), id="no-key"),
        pytest.param(containers(7), id="no-object"),
    ],
)
def test_what_nobody_owns_was_written_by_nobody(fields: Any) -> None:
    """No name is better than a wrong one."""
    assert wrote(IMAGE, entry("kubectl", fields)) is None


def test_an_entry_without_a_time_is_newer_than_any_other() -> None:
    """A write through `/scale` has none, and takes the size from whoever had it."""
    silent = {"manager": "scaler", "subresource": "scale", "fieldsV1": REPLICAS}
    who = Written(by="scaler (through scale)")

    assert wrote(SIZE, silent) == who
    assert wrote(SIZE, silent, entry("kubectl", REPLICAS)) == who


def test_another_shape_is_refused() -> None:
    """The comparison says then that it cannot tell."""
    with pytest.raises(Malformed):
        last({"metadata": {"managedFields": 7}}, SIZE)
