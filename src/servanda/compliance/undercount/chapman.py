"""Two lists: Chapman's estimate. It assumes that the lists are independent, which two lists cannot show."""

from servanda.compliance.undercount.captures import Captures
from servanda.compliance.undercount.estimate import Estimate, log_normal, within_reach
from servanda.compliance.undercount.refusal import Abstained
from servanda.compliance.undercount.settings import UndercountSettings


def chapman(found: Captures, settings: UndercountSettings | None = None) -> Estimate:
    """``N = (n1 + 1)(n2 + 1)/(m + 1) - 1`` (Chapman 1951) with Seber's variance (1970) and a log-normal interval.

    ``found`` holds exactly two lists; with several draws the variance between them is added (Rubin 1987, ch. 3).
    Raises Abstained where fewer than ``least_overlap`` incidents are on both.
    """
    settings = settings or UndercountSettings()
    if len(found.lists) != 2:
        raise ValueError(f"Chapman's estimate is of two lists, not {len(found.lists)}.")
    outside, only1, only2, both = found.counts.T
    n1, n2 = only1 + both, only2 + both
    if both.mean() < settings.least_overlap:
        raise Abstained("thin_overlap", lists=0, overlap=settings.least_overlap, least=2)
    totals = (n1 + 1) * (n2 + 1) / (both + 1) - 1
    within = (n1 + 1) * (n2 + 1) * only1 * only2 / ((both + 1) ** 2 * (both + 2))
    m = len(totals)
    variance = within.mean() + (1 + 1 / m) * (totals.var(ddof=1) if m > 1 else 0.0)
    seen = float((only1 + only2 + both).mean())
    unseen = max(float(totals.mean()) - seen, 0.0)
    low, high = log_normal(unseen, float(variance))
    known = seen + float(outside.mean())
    total = max(seen + unseen, known)
    estimate = Estimate("chapman", known, total, max(seen + low, known), max(seen + high, total), found.lists)
    return within_reach(estimate, settings.runaway)
