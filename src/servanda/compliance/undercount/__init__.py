"""How many incidents nobody reported: from the overlap of lists, from effort, from repeated looks."""

from servanda.compliance.undercount.captures import Captures, captures, screened
from servanda.compliance.undercount.chapman import chapman
from servanda.compliance.undercount.effort import horvitz_thompson
from servanda.compliance.undercount.estimate import Estimate
from servanda.compliance.undercount.imputation import histories
from servanda.compliance.undercount.latent import latent_class
from servanda.compliance.undercount.loglinear import log_linear, log_linear_model
from servanda.compliance.undercount.observers import days_with_any
from servanda.compliance.undercount.refusal import Abstained
from servanda.compliance.undercount.repeated import n_mixture, occupancy
from servanda.compliance.undercount.settings import UndercountSettings
from servanda.compliance.undercount.strata import Stratum
from servanda.compliance.undercount.terms import Evidence, undercounts

__all__ = [
    "Abstained",
    "Captures",
    "Estimate",
    "Evidence",
    "Stratum",
    "UndercountSettings",
    "captures",
    "chapman",
    "days_with_any",
    "histories",
    "horvitz_thompson",
    "latent_class",
    "log_linear",
    "log_linear_model",
    "n_mixture",
    "occupancy",
    "screened",
    "undercounts",
]
