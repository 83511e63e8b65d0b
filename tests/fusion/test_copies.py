"""Copies are one witness: a rumour that goes round stays one, and what is told independently stays several."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from servanda.fusion import FusionResult, Priors, fuse
from servanda.fusion.copies import (
    LOCKSTEP,
    SAME_AUTHORITY,
    SAME_RECORD,
    SAME_SITE,
    SAME_WORDS,
    copies,
)
from servanda.fusion.texts import named, sites

T0 = datetime(2025, 3, 1, tzinfo=UTC)
PRIORS = Priors.model_validate({})
RUMOUR = (
    "A column of armoured vehicles was seen crossing the river by the old mill bridge late in the evening, "
    "and several shells landed in the market square soon afterwards"
)
OWN_WORDS = (
    "Our correspondent counted six loud explosions from the hotel roof around dusk, windows on the quay were blown in",
    "A teacher who lives opposite wrote that the bakery roof is gone and that ambulances came twice before midnight",
    "Municipal crews are sweeping glass off the embankment this morning; the tram line stays shut until repairs end",
    "Satellite pictures taken the next day show two fresh craters between the grain silos and the rail embankment",
    "Patrol 7 heard mortar fire east of its position, then smoke was visible above the warehouses for half an hour",
)


def told(i: int, source: str, text: str | None, minutes: float = 0.0, **extra: Any) -> dict[str, Any]:
    t = T0 + timedelta(minutes=minutes)
    return {
        "observation_id": f"{source}{i:05d}",
        "source_id": source,
        "kind": "artillery",
        "t_start": t,
        "t_end": t,
        "lon": 37.5,
        "lat": 48.1,
        "sigma_m": 300.0,
        "text": text,
        "recorded_at": t,
        "reliability": "C",
    } | extra


def fused(*rows: dict[str, Any], **priors: Any) -> FusionResult:
    schema = dict.fromkeys(("t_start", "t_end", "recorded_at"), pl.Datetime("us", "UTC"))
    return fuse(pl.DataFrame(rows, schema_overrides=schema), priors=Priors.model_validate(priors))


def reworded(i: int) -> str:
    """What an outlet makes of an agency text: a headline of its own, a word changed, a line added."""
    heads = ("Breaking: ", "Update. ", "Overnight - ", "Read with us: ", "")
    return heads[i] + RUMOUR.replace("late in the evening", "late last evening" if i % 2 else "in the evening") + " ..."


def test_a_rumour_that_five_outlets_repeat_is_one_witness() -> None:
    got = fused(*(told(0, f"outlet{i}", reworded(i), 2 * i) for i in range(5)))
    (row,) = got.incidents.to_dicts()
    alone = fused(told(0, "outlet0", reworded(0))).incidents["probability"].item()
    assert (row["witnesses"], row["witness_groups"], row["observations"]) == (1, ["outlet0"], 5)
    assert row["probability"] == pytest.approx(alone, abs=1e-9)
    assert set(got.copies["why"]) == {SAME_WORDS}
    assert set(got.copies["of"]) == {"outlet000000"}, "of the first that told it"


def test_different_words_stay_independent() -> None:
    got = fused(*(told(0, f"source{i}", text, 2 * i) for i, text in enumerate(OWN_WORDS)))
    (row,) = got.incidents.to_dicts()
    assert row["witnesses"] == 5
    assert got.copies.is_empty()


def test_worlds_of_rumours_and_of_witnesses_are_told_apart() -> None:
    """Sixty rumours that go round, and sixty incidents that several saw: both come out as they are."""
    rng = np.random.default_rng(4)
    words = [f"w{int(n):x}ord" for n in rng.integers(0, 2**40, 3000)]
    rows, rumours = [], set()
    for n in range(120):
        place = {"lon": 30.0 + 0.2 * (n % 12), "lat": 48.0 + 0.2 * (n // 12)}
        first = rng.choice(words, 30)
        for source in range(4):
            copied = np.where(rng.random(30) < 0.08, rng.choice(words, 30), first)
            changed = copied if n < 60 else rng.choice(words, 30)
            text = "Shelling in the district of Kharkiv reported, explosions heard. " + " ".join(changed)
            rows.append(told(n, f"s{source}", text, 60.0 * n + source, **place))
        if n < 60:
            rumours.add(f"s0{n:05d}")
    got = fused(*rows, learn_from=10_000)
    first_of = got.membership.filter(pl.col("observation_id").str.starts_with("s0"))
    kinds = got.incidents.join(first_of.select("incident_id", "observation_id"), on="incident_id")
    kinds = kinds.with_columns(rumour=pl.col("observation_id").is_in(list(rumours)))
    assert kinds.height == 120
    assert kinds.filter("rumour")["witnesses"].to_list() == [1] * 60
    assert kinds.filter(~pl.col("rumour"))["witnesses"].to_list() == [4] * 60


def test_words_that_everybody_uses_are_no_sign() -> None:
    """A hundred incidents told in the same set phrase: it is the form of such news, not a copy."""
    phrase = "Air defence was at work and explosions were heard in the Kharkiv district, the authorities are checking."
    rows = [
        told(n, s, phrase, 60.0 * n, lon=30 + 0.3 * (n % 10), lat=45 + 0.3 * (n // 10))
        for n in range(100)
        for s in "ab"
    ]
    assert fused(*rows, learn_from=10_000).copies.is_empty()


def test_short_texts_are_not_compared() -> None:
    assert (
        fused(told(0, "a", "Explosions heard"), told(0, "b", "Explosions heard", 1)).incidents["witnesses"].item() == 2
    )


def test_one_authority_is_one_witness() -> None:
    rows = (
        told(0, "a", "According to the General Staff, the village was hit by forty shells before dawn"),
        told(0, "b", "Four houses are damaged, the General Staff said in its evening summary of the front", 5),
        told(0, "c", OWN_WORDS[0], 7),
    )
    got = fused(*rows)
    assert got.incidents["witness_groups"].item().to_list() == ["a", "c"]
    assert got.copies.rows() == [("b00000", "a00000", SAME_AUTHORITY)]


@pytest.mark.parametrize(
    ("text", "stems"),
    [
        ("According to the General Staff, shells fell", ["genera", "staff"]),
        ("The General Staff of the Army said so", ["army", "genera", "staff"]),
        ("Про це повідомив Генштаб", ["геншта"]),
        ("За даними Генштабу, обстріл тривав", ["геншта"]),
        ("По словам Иванова, потерь нет", ["иванов"]),
        ("selon le Ministère de la Défense, rien", ["défens", "minist"]),
        ("Residents said that windows broke", None),
        ("According to Kharkiv residents, windows broke", None),
        ("Officials in Kharkiv said it was loud", None),
        ("Shelling in the district of Kharkiv reported", None),
        ("they said it was loud", None),
        ("It was loud", None),
    ],
)
def test_whom_a_text_names(text: str, stems: list[str] | None) -> None:
    found = named(pl.Series([text])).item()
    assert (None if found is None else found.to_list()) == stems


def test_two_authorities_with_one_common_word_are_two() -> None:
    rows = (
        told(0, "a", "According to the General Staff, the village was hit"),
        told(0, "b", "The General Prosecutor said a case was opened", 5),
    )
    assert fused(*rows).incidents["witnesses"].item() == 2


def test_sites() -> None:
    urls = ["https://www.example.org/a/1", "http://m.example.org/b", "https://t.me/s/chan/12", "https://t.me/chan/13"]
    urls += ["https://x.com", "https://facebook.com/Other/posts/1"]
    assert sites(pl.Series([*urls, None])).to_list() == [
        *("example.org", "example.org", "t.me/chan", "t.me/chan", None, "facebook.com/other", None)
    ]


def test_one_site_or_record_is_one_witness() -> None:
    one = fused(told(0, "a", None, url="https://news.example/1"), told(0, "b", None, 3, url="https://news.example/2"))
    assert (one.incidents["witnesses"].item(), one.copies["why"].item()) == (1, SAME_SITE)
    two = fused(
        told(0, "a", None, record_id="r", witness_group="a"), told(0, "b", None, record_id="r", witness_group="b")
    )
    assert (two.incidents["witnesses"].item(), two.copies["why"].item()) == (1, SAME_RECORD)


def test_what_the_origin_takes_back_its_copies_do_not_support() -> None:
    rows = [told(0, f"outlet{i}", reworded(i), 2 * i) for i in range(3)]
    back = told(1, "outlet0", "We take this back: nothing of the kind happened there", 20, claim="retraction")
    assert fused(*rows).incidents.height == 1
    assert fused(*rows, back).incidents.is_empty()


def steps(follows: bool, seed: int = 3) -> pl.DataFrame:
    """Five sources that err by an hour or two; ``b`` has what ``a`` had, four minutes later, if it ``follows``."""
    rng = np.random.default_rng(seed)
    rows = []
    for n in range(300):
        late = {s: float(rng.normal(0, sd)) for s, sd in (("a", 60), ("b", 60), ("c", 90), ("d", 120), ("e", 60))}
        if follows:
            late["b"] = late["a"] + 4 + float(rng.normal(0, 1))
        rows += [
            {"group": n} | told(n, s, None, 3000 * n + m, record_id=f"{s}{n}", witness_group=s) for s, m in late.items()
        ]
    return framed(rows)


def framed(rows: list[dict[str, Any]]) -> pl.DataFrame:
    schema = dict.fromkeys(("t_start", "t_end", "recorded_at"), pl.Datetime("us", "UTC"))
    frame = pl.DataFrame(rows, schema_overrides={**schema, "text": pl.String}).with_row_index("report")
    return frame.with_columns(url=pl.lit(None, pl.String), repeats=pl.lit(None, pl.UInt32))


def test_sources_in_lock_step_are_one_voice() -> None:
    got = copies(steps(True), PRIORS)
    assert set(got.links["why"]) == {LOCKSTEP}
    assert got.links.height > 290
    pairs = {(a[0], b[0]) for a, b, _ in got.links.rows()}
    assert pairs == {("b", "a")}, "the later repeats the earlier"


def test_sources_that_err_by_themselves_are_not() -> None:
    for seed in range(5):
        assert copies(steps(False, seed), PRIORS).links.is_empty()


def test_two_exact_clocks_are_not_in_lock_step() -> None:
    """Two sensors agree to the second because both are right, not because one copies the other."""
    rng = np.random.default_rng(2)
    rows = []
    for n in range(300):
        late = {"a": rng.normal(0, 0.2), "b": rng.normal(0, 0.2), "c": rng.normal(0, 90), "d": rng.normal(0, 120)}
        rows += [
            {"group": n} | told(n, s, None, 3000 * n + float(m), record_id=f"{s}{n}", witness_group=s)
            for s, m in late.items()
        ]
    assert copies(framed(rows), PRIORS).links.is_empty()


def test_order_of_rows_changes_nothing() -> None:
    frame = steps(True)
    one, other = copies(frame, PRIORS), copies(frame.sample(fraction=1.0, shuffle=True, seed=1), PRIORS)
    assert one.links.equals(other.links)
    assert one.voices.sort("group", "witness_group").equals(other.voices.sort("group", "witness_group"))
