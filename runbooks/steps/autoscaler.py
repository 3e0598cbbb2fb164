"""autoscaler: how few and how many an autoscaler may make, and whether KEDA scales at all."""

from cluster.actions.autoscaler import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)
