"""rollback: the pod template of an earlier revision again."""

from cluster.actions.rollback import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)
