"""Distributions on the line: their expectiles and quantiles, the distances between them, and the way back.

Everywhere a distribution is a set of atoms with weights. Atoms come in any order and may repeat; weights are
at least zero and need not sum to one; an atom of weight zero is no atom.
"""

from distributional_dopamine.distributions.distances import cramer_distance, wasserstein_distance
from distributional_dopamine.distributions.imputation import (
    IdentifiedRange,
    Imputation,
    identified_range,
    impute,
    impute_by_sampling,
    impute_on_support,
)
from distributional_dopamine.distributions.projection import categorical_projection
from distributional_dopamine.distributions.statistics import expectiles, quantiles

__all__ = [
    "IdentifiedRange",
    "Imputation",
    "categorical_projection",
    "cramer_distance",
    "expectiles",
    "identified_range",
    "impute",
    "impute_by_sampling",
    "impute_on_support",
    "quantiles",
    "wasserstein_distance",
]
