"""Observations to incidents: which reports are of one incident, how sure that is, and how good the sources are."""

from dataclasses import dataclass, field

import polars as pl

from servanda.fusion.beliefs import Beliefs, believe
from servanda.fusion.contributions import contributions
from servanda.fusion.copies import LINKS
from servanda.fusion.echoes import origins, told_first
from servanda.fusion.grouping import group
from servanda.fusion.incidents import build
from servanda.fusion.model import model
from servanda.fusion.priors import Priors
from servanda.fusion.reports import Reports, reports
from servanda.fusion.tuning import linked
from servanda.tables import MEMBERSHIP, SOURCES


@dataclass(frozen=True)
class FusionResult:
    """``incidents`` and ``membership`` as in ``tables.py``; ``sources``: what each contributed and is like.

    membership: every report once, with the chance that it belongs there. alternatives: other incidents that a
    report may be of (observation_id, incident_id, probability). sources: as ``contributions`` says.
    beliefs: what it all went by.
    copies: an observation that repeats another (``of``) of its incident, and ``why`` it is taken to; see ``copies``.
    """

    incidents: pl.DataFrame
    membership: pl.DataFrame
    sources: pl.DataFrame
    alternatives: pl.DataFrame = field(default_factory=MEMBERSHIP.empty)
    beliefs: Beliefs | None = None
    copies: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LINKS))


def fuse(
    observations: pl.DataFrame,
    watches: pl.DataFrame | None = None,
    *,
    priors: Priors | None = None,
    sources: pl.DataFrame | None = None,
    seed: int = 0,
    beliefs: Beliefs | None = None,
) -> FusionResult:
    """Group observations into incidents by place, time, kind and witness group, each with a probability.

    ``observations`` has at least observation_id, source_id, kind, t_start, t_end, lon, lat; other columns
    of the observations table are used where present. ``sources`` is a sources table: stated trust and place
    errors. ``watches`` is a watches table. How often each source reports, errs, repeats and mistakes the kind is
    learned from the reports themselves. An incident's probability is the chance that at least one of its
    witness groups is right (noisy-or; sources that share a group count
    once, and so do copies), lowered by the silence of
    groups that were looking there and then. ``seed`` is that of the replicas on which
    learning is tried out and probabilities are calibrated; the same seed gives the same bytes.
    ``beliefs`` of an earlier fusion of the same observations, or what became of them: nothing is learned then.
    """
    priors = priors or Priors.model_validate({})
    known = sources if sources is not None else SOURCES.empty()
    r = reports(observations, known, priors)
    b = (beliefs or believe(r, priors, seed)).of(r.sources)
    origin = origins(r, b.steps, priors)
    m = linked(model(r.part(told_first(origin)), b.learned.quality, priors), b.link)
    incidents, membership, alternatives, links = build(r, m, group(m), origin, watches, b.calibration)
    told = contributions(r, b.learned, b.known, membership, links)
    return FusionResult(incidents, membership, told, alternatives, copies=links, beliefs=b)


__all__ = ["Beliefs", "FusionResult", "Priors", "Reports", "believe", "fuse", "reports"]
