"""All owner kinds that are looked for, innermost first."""

from typing import Final

from cluster.owners import argo_cd, autoscaler, controller, flux, helm
from cluster.owners.ownership import Finder

FINDERS: Final[tuple[Finder, ...]] = (
    controller.find,
    autoscaler.find,
    argo_cd.find,
    flux.find,
    helm.find,
)
