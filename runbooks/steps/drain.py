"""drain: asks the next pod of the target on a closed node to go."""

from cluster.actions.drain import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)
