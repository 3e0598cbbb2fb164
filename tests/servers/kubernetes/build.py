"""Builds the programs of a control plane from their Go modules, pinned by hash, into one folder.

`python tests/servers/kubernetes/build.py [PROGRAM...]` builds what is not there yet and prints the
folder. It is `$KUBEBUILDER_ASSETS`, else a folder of the cache that is named by what is pinned, so
that a second run costs nothing and a newer pin builds anew.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
# Which module brings each program, and where in it the program lies.
PROGRAMS: Final = {
    "etcd": ("etcd", "go.etcd.io/etcd/server/v3"),
    "kube-apiserver": ("control-plane", "k8s.io/kubernetes/cmd/kube-apiserver"),
    "kube-controller-manager": ("control-plane", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    "kube-scheduler": ("control-plane", "k8s.io/kubernetes/cmd/kube-scheduler"),
    "kwok": ("kwok", "sigs.k8s.io/kwok/cmd/kwok"),
    "lws-controller": ("leader-worker-set", "sigs.k8s.io/lws/cmd"),
    "keda-operator": ("keda", "github.com/kedacore/keda/v2/cmd/operator"),
}
PINS: Final = ("go.mod", "go.sum")


class NotBuilt(Exception):
    """A program could not be built; says which, and the last of what Go said."""


def folder() -> Path:
    """Return where the programs are, or will be."""
    if given := os.environ.get("KUBEBUILDER_ASSETS"):
        return Path(given)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "triaged" / f"kubernetes-{pinned()}"


def pinned(here: Path = HERE) -> str:
    """Return a name for everything that is pinned: one letter elsewhere is another name."""
    modules = sorted({module for module, _ in PROGRAMS.values()})
    pins = [(here / module / name).read_bytes() for module in modules for name in PINS]
    return hashlib.sha256(b"\0".join(pins)).hexdigest()[:16]


def missing(programs: Iterable[str] = PROGRAMS) -> list[str]:
    """Return those that are not built."""
    return [each for each in programs if not (folder() / each).is_file()]


def build(programs: Sequence[str] = tuple(PROGRAMS)) -> Path:
    """Build what is missing and return the folder; raises NotBuilt."""
    place = folder()
    for program in missing(programs):
        began = time.monotonic()
        print(f"building {program}", end=" ", flush=True)  # noqa: T201  # minutes pass
        _build(program, place)
        print(f"{time.monotonic() - began:.0f} s", flush=True)  # noqa: T201
    return place


def definitions(module: str, within: str, named: str = "*") -> list[Path]:
    """Return files of a folder in the archive of a module of `resources/`; raises NotBuilt.

    Its hash is compared with `go.sum` by Go itself.
    """
    required = json.loads(_go("resources", "mod", "edit", "-json"))["Require"]
    version = next(each["Version"] for each in required if each["Path"] == module)
    told = json.loads(_go("resources", "mod", "download", "-json", f"{module}@{version}"))
    return sorted((Path(told["Dir"]) / within).glob(f"{named}.yaml"))


def _build(program: str, place: Path) -> None:
    module, package = PROGRAMS[program]
    place.mkdir(parents=True, exist_ok=True)
    # Renamed when it is whole: a build that was broken off leaves nothing that looks like one.
    half = place / f".{program}-{os.getpid()}"
    try:
        _go(module, "build", "-trimpath", "-ldflags=-s -w", "-o", str(half), package)
        half.replace(place / program)
    finally:
        half.unlink(missing_ok=True)


def _go(module: str, *arguments: str) -> str:
    """Run Go in the folder of a module, with what its go.sum names and nothing else."""
    go = shutil.which("go")
    if go is None:
        message = "go is not installed"
        raise NotBuilt(message)
    environment = os.environ | {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOWORK": "off",
    }
    done = subprocess.run(
        [go, *arguments],
        cwd=HERE / module,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        message = f"go {' '.join(arguments)}: {done.stderr[-2000:]}"
        raise NotBuilt(message)
    return done.stdout


if __name__ == "__main__":
    print(build(sys.argv[1:] or tuple(PROGRAMS)))  # noqa: T201
