"""delete_pod: deletes a pod of the target, whatever its disruption budget says."""

from cluster.actions.delete_pod import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)
