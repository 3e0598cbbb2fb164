"""evict: asks a pod of the target to go, as far as its disruption budget allows."""

from cluster.actions.evict import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)
