"""Numbers that decide an estimate of what nobody reported, or its refusal: ``undercount`` in the mission file."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

By = Literal["month", "kind", "region", "party"]


class UndercountSettings(BaseModel):
    """Each with its default and where that comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    methods: tuple[Literal["log_linear", "latent_class", "effort", "days"], ...] = Field(
        ("log_linear", "effort"),
        description="Estimates to make, each in a row of its own; latent_class takes one to two seconds a stratum; "
        "days: on how many days there was any, with no stated chance of detection.",
    )
    by: tuple[By, ...] = Field(
        (),
        description="Strata beside the whole of each term, crossed: local month, root of the kind, region of the "
        "mission file, party that is named for it.",
    )
    most_strata: int = Field(
        24,
        ge=0,
        description="Strata of one term that are estimated, those with most incidents first; keeps a run short.",
    )
    dependent: tuple[tuple[str, ...], ...] = Field(
        (),
        description="Witness groups that are not independent by design (one looked where the other pointed): one list.",
    )
    least_lists: int = Field(
        3,
        ge=3,
        description="Least independent lists: with two, dependence cannot be told from overlap (verdata refuses too).",
    )
    most_lists: int = Field(
        5,
        ge=3,
        le=6,
        description="Of more lists the longest count; log-linear models double per pair (dga: 3 to 5 lists).",
    )
    most_order: int = Field(
        3,
        ge=2,
        le=3,
        description="Most lists that one dependence of a log-linear model holds, up to four lists; 2 beyond (Rcapture: "
        "all up to one less than the lists).",
    )
    least_overlap: float = Field(
        7.0,
        ge=1,
        description="A list counts when so many of its incidents are on other lists too (Robson and Regier 1964: from "
        "7 recaptures the bias is under 2 % of the estimate, with 95 % confidence).",
    )
    runaway: float = Field(
        10.0,
        gt=1,
        description="Refused when the upper bound is over so many times the seen; an order of magnitude says nothing.",
    )
    occam: float = Field(
        1000.0,
        gt=1,
        description="Models less likely than the best by this factor are left out (Occam's window; Madigan and Raftery "
        "1994 use 20).",
    )
    imputations: int = Field(
        50,
        ge=2,
        description="Histories drawn where matches are uncertain (HRDAG combine 100; 50 move a bound by under 1 %).",
    )
    imputed_rows: int = Field(
        2_000_000,
        ge=1,
        description="Most reports drawn in all; above it fewer histories, but at least 5: keeps a run short.",
    )
    latent_classes: int = Field(5, ge=2, le=20, description="Most latent classes (default of R's LCMCR).")
    latent_prior: float = Field(
        0.25, gt=0, description="Shape and rate of the Gamma prior of the concentration (default of R's LCMCR)."
    )
    latent_chains: int = Field(16, ge=4, description="Chains of the latent-class sampler in all.")
    latent_most: int = Field(
        1600, ge=200, description="Most iterations kept per chain; not converged by then, the estimate is refused."
    )
    latent_seen: float = Field(
        50_000, ge=1, description="With more incidents seen, the latent-class model is skipped and the report says so."
    )
    least_ess: float = Field(400, ge=50, description="Least effective draws (Vehtari et al. 2021).")
    most_r_hat: float = Field(
        1.05,
        gt=1,
        description="Largest rank-normalised split R-hat (Vehtari et al. 2021: 1.01 for long chains; these are short).",
    )
    least_watched: float = Field(
        0.8,
        gt=0,
        le=1,
        description="Least share of a term's place, time and kinds that someone watched (as a term's power).",
    )
    least_detection: float = Field(
        0.05,
        gt=0,
        le=1,
        description="Incidents that were less likely than this to be found cannot stand for others: 1 for 20.",
    )
    least_found: float = Field(
        5.0,
        ge=1,
        description="Least incidents found on watch; fewer say nothing of the rest (the bound on unseen ones does).",
    )
    least_days: int = Field(
        20, ge=5, description="Least days that two lists watched (method days); fewer leave the interval to the prior."
    )
    seed: int = Field(0, ge=0, description="Of all drawing; the same seed gives the same bytes.")
