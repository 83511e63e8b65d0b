"""A timeline with nothing to count has no scale, and says that there is nothing."""

from dataclasses import replace

import pytest

from servanda.report import ReportData
from servanda.report.incidents import mark
from servanda.report.page import render, view
from servanda.report.pdf.document import document
from servanda.report.timeline import draw_timeline


@pytest.mark.parametrize("language", ["en", "uk", "ru", "fr"])
def test_an_empty_timeline_says_so_instead_of_an_axis(truce: ReportData, language: str) -> None:
    data = replace(truce, incidents=truce.incidents.clear(), membership=truce.membership.clear(), language=language)
    said = data.words.say("timeline.nothing")
    picture = str(draw_timeline(data, mark(data)).picture)
    assert said in picture
    assert f">{data.words.say('timeline.incidents')}</text>" not in picture
    assert ">0</text>" not in picture
    assert said in render(view(data, mark(data)))[0]
    assert said in str(document(view(data, mark(data))))
    full = str(draw_timeline(replace(truce, language=language), mark(truce)).picture)
    assert said not in full
    assert ">0</text>" in full


def test_terms_are_looked_up_once(truce: ReportData) -> None:
    assert truce.terms is truce.terms
    assert replace(truce, findings=()).terms is not truce.terms
    assert view(truce, mark(truce))["rows"][0].term is truce.terms["no_fire"]
