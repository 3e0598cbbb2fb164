"""What steps and the engine are handed to reach the world."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cluster.actions.plan import Verb
from cluster.canary.port import Canaries, NoCanaries
from cluster.clients.reads import NoObjects, Objects
from cluster.control_plane import Calm, ControlPlane
from cluster.evidence.bundle import Evidence, NoEvidence
from cluster.signals.signals import Signals
from cluster.targets.target import Targets


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Signals and objects to read, targets to find, and the actions by name.

    `control` says whether anything may be written now, `evidence` collects before it is, and
    `canaries` are prompts with a known answer.
    """

    signals: Signals
    targets: Targets
    verbs: Mapping[str, Verb]
    objects: Objects = field(default_factory=NoObjects)
    control: ControlPlane = field(default_factory=Calm)
    evidence: Evidence = field(default_factory=NoEvidence)
    canaries: Canaries = field(default_factory=NoCanaries)
