"""The canaries that environments.yaml declares, sent to where they are asked."""

from dataclasses import dataclass, replace

from bot.app.live_facts import NO_CANARY
from cluster import wording
from cluster.canary import asking, judging
from cluster.canary.port import Answer, Canaries, Sent
from cluster.clients import prompts
from cluster.clients.reads import Objects
from cluster.drift.advice import Intended
from cluster.targets.target import Target
from cluster.tools import Tools
from incidents.errors import Rejected
from incidents.facts import Known, Unknown

Told = Known | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredCanaries:
    """Implements the port; `own` is what the cluster at hand is called.

    Addresses of pods mean something `inside` the cluster only: elsewhere they may be anybody's.
    """

    intended: Intended
    own: str
    inside: bool

    def of(self, target: Target) -> Sent | None:
        """Return what is declared for the target's model, None where nothing is."""
        place = self.intended().of(
            cluster=target.cluster,
            namespace=target.namespace,
            role=target.role,
            model=target.model,
            pool=target.pool,
            own=self.own,
        )
        model = place.workload.model if place else None
        if model is None or model.canary is None:
            return None
        return Sent(model=model.served[0], canary=model.canary)

    def ask(self, address: str, sent: Sent) -> Answer:
        """Send it once; raises as the port says."""
        if not self.inside and address != sent.canary.gateway:
            message = "pods are asked straight only by a desk that runs in their cluster"
            raise Rejected(message)
        return prompts.ask(address, sent)


def with_canaries(tools: Tools, canaries: DeclaredCanaries) -> Tools:
    """Return the tools with the canaries that are declared at each moment."""
    return replace(tools, canaries=canaries)


def differs(target: Target, *, canaries: Canaries, objects: Objects, straight: bool) -> Told:
    """Return whether the target's model answers its canary otherwise than declared.

    Only the gateway is asked where pods cannot be asked `straight`.
    """
    sent = canaries.of(target)
    if sent is None:
        return Unknown(why=NO_CANARY, lasting=True)
    places, missing = asking.pods(objects, target) if straight else ({}, "")
    if sent.canary.gateway:
        places[asking.GATEWAY] = sent.canary.gateway
    told = asking.ask(places, sent, canaries)
    judged = judging.judge(told, sent.canary)
    if judged.verdict == judging.CANNOT_TELL:
        return Unknown(
            why=wording.short(missing or judged.because), lasting=not straight and not told
        )
    value = judged.verdict == judging.DIFFERS
    return Known(value=value, unit="", source=f"the canary: {wording.short(judged.because)}")
