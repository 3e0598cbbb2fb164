"""uncordon: opens a node of the target to new pods again."""

from cluster.actions.uncordon import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)
