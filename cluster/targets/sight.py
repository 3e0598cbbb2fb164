"""What was looked at to find a target: values alone, which no client has to be loaded for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cluster.clients.objects import Pod, Pool
from cluster.targets import marks
from cluster.targets.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is there at this moment, by name; pods that leave or have finished are left out.

    `roles` are by the name of the pod; `notes` say what could not be seen.
    """

    pods: Mapping[str, Pod]
    pools: Mapping[str, Pool]
    roles: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def inside(self, pool: str) -> tuple[Pod, ...]:
        """Return the pods of a pool, none where there is no such pool."""
        found = self.pools.get(pool)
        return tuple(pod for pod in self.pods.values() if found and marks.selects(found, pod))

    def around(self, pods: Iterable[Pod]) -> Pool | None:
        """Return the pool that selects any of the pods; of several the one that says most."""
        there = list(pods)
        found = [x for x in self.pools.values() if any(marks.selects(x, pod) for pod in there)]
        return min(found, key=lambda pool: (-len(pool.selector), pool.name), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A target, and the pods and pools among which it was found.

    `pods` are those of the target, each as the cluster told it.
    """

    target: Target
    scene: Scene

    @property
    def pods(self) -> tuple[Pod, ...]:
        """Return the target's pods, those that take no requests included."""
        return tuple(self.scene.pods[member.name] for member in self.target.members)
