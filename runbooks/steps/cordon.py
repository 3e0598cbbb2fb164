"""cordon: closes a node of the target to new pods."""

from cluster.actions.cordon import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)
