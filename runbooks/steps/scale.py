"""scale: more or fewer replicas of the target, within bounds."""

from cluster.actions.scale import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)
