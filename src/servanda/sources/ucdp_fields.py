"""Every column of UCDP GED (release 20.1 to 25.1, and the API), used or ignored and why."""

from servanda.sources.base import Fields

NEEDED = (
    *("id", "year", "type_of_violence", "where_prec", "latitude", "longitude"),
    *("date_prec", "date_start", "date_end"),
)
_IDS = "number of the name beside it"

FIELDS = Fields(
    used={
        "id": "the event, the same in every release",
        "year": "the dates must be in it",
        "type_of_violence": "kind: 1 state-based, 2 non-state, 3 one-sided",
        "code_status": "all but Clear lower the credibility",
        "dyad_name": "text",
        "side_a": "who did it, in one-sided violence",
        "number_of_sources": "credibility",
        "source_headline": "text",
        "where_prec": "place error, or a region: 1 place, 2 near it, 3 district, 4 region, 5 stretch, 6 country, 7 sea",
        "where_coordinates": "text: name of the place",
        "adm_1": "region, for where_prec 4",
        "adm_2": "district, for where_prec 3",
        "country": "for where_prec 6",
        "latitude": "degrees",
        "longitude": "degrees",
        "geom_wkt": "must be at the coordinates",
        "event_clarity": "2: taken from a summary",
        "date_prec": "1 day, 2 to 6 days, 3 week, 4 month, 5 longer",
        "date_start": "first day",
        "date_end": "last day, inclusive",
        "best": "deaths",
        "high": "deaths",
        "low": "deaths",
    },
    ignored={
        "relid": "changes between releases; the id does not",
        "active_year": "whether the conflict passed 25 deaths in the year",
        "conflict_name": "the dyad says more",
        "side_b": "the other side; in one-sided violence, the victims",
        "source_article": "citation of the news; the headline is kept",
        "source_office": "name of the newspaper or agency",
        "source_date": "of the news, not of the event",
        "source_original": "who told the newspaper; may name persons",
        "where_description": "free text that repeats the place",
        "priogrid_gid": "cell of a grid; the coordinates say more",
        "region": "continent",
        "deaths_a": "best, high and low hold the sum",
        "deaths_b": "best, high and low hold the sum",
        "deaths_civilians": "best, high and low hold the sum",
        "deaths_unknown": "best, high and low hold the sum",
        **dict.fromkeys(("conflict_dset_id", "conflict_new_id", "dyad_dset_id", "dyad_new_id"), _IDS),
        **dict.fromkeys(("side_a_dset_id", "side_a_new_id", "side_b_dset_id", "side_b_new_id"), _IDS),
        **dict.fromkeys(("country_id", "gwnoa", "gwnob"), _IDS),
    },
)
