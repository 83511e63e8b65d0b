"""What a mission may set for corridor outcomes."""

from pydantic import Field

from servanda.sources.base import Settings


class CorridorSettings(Settings):
    """Settings of corridor outcomes. Chances are assumptions: nobody has measured them."""

    p_true: float | None = 0.95
    """Researchers read each announcement and outcome in published reports."""
    p_detect: float = Field(0.95, ge=0, le=1)
    """Chance that a route whose outcome is known would be known to have opened, had it opened."""
    p_false: float = Field(0.05, ge=0, le=1)
    """Share of routes coded as opened that did not."""
    route_error_m: float = Field(10_000, gt=0)
    """The road is not known, only its ends: half-width of the strip around the straight line."""
    region_error_m: float = Field(75_000, gt=0)
    """The same where an end is a whole region, or its name contradicts its coordinates: half an oblast."""
    outcomes: dict[str, str] = Field(
        default_factory=lambda: {
            "successful": "opened",
            "unsuccessful/disrupted": "closed",
            "disputed": "disputed",
            "proposed route/outcome unknown": "unknown",
        }
    )
    """The provider's status to what came of it: opened, closed, disputed or unknown."""
    agreed: tuple[str, ...] = ("Agreed",)
    """Words in ``proposal`` for a route that the sides agreed; any other word names who alone announced it."""
    obstructed: tuple[str, ...] = ("disrupted",)
    """Words in ``status_extra`` that say that passage was prevented."""
    named_regions: dict[str, str] = Field(
        default_factory=lambda: {
            "kyiv": "kiev",
            **{name: name for name in ("donetsk", "kharkiv", "luhansk", "zaporizhzhya")},
        }
    )
    """Regions that the provider writes in brackets after a place, as its region columns spell them."""
