"""Each estimator equals an implementation of its own, made from the papers' formulas."""

import bidask
import numpy as np
import pytest

import estimates
import oracle
import series

EVERY = series.every()
# Of bars that no trades can make only Garman-Klass says something: it leaves them out.
SOUND = {name: bars for name, bars in EVERY.items() if name != series.BROKEN}


@pytest.fixture(scope="module")
def said():
    return dict(zip(EVERY, estimates.of_bars(list(EVERY.values()))))


@pytest.mark.parametrize("estimator", oracle.ESTIMATORS, ids=lambda e: e.__name__)
def test_estimator_equals_its_formula(said, estimator):
    with np.errstate(all="ignore"):
        wrong = {name: found for name, bars in SOUND.items()
                 if (found := estimates.differences(said[name][estimator.__name__],
                                                    estimator(bars)))}
    assert not wrong


@pytest.mark.parametrize("estimator", oracle.ESTIMATORS, ids=lambda e: e.__name__)
def test_series_make_every_estimator_answer_and_refuse(said, estimator):
    answers = [by_name[estimator.__name__] for by_name in said.values()]
    assert sum(answer.value is not None for answer in answers) > 40
    assert "too_few" in {answer.reason for answer in answers}


def test_garman_klass_leaves_out_bars_that_cannot_be(said):
    bars = EVERY[series.BROKEN]
    answer = oracle.garman_klass(bars)
    assert answer.n == len(bars) * 4 // 5
    assert not estimates.differences(said[series.BROKEN]["garman_klass"], answer)


def with_missing_rows(bars):
    """Columns of prices with a row for every bar length; NaN where there is no bar."""
    columns = np.full((4, bars[-1].index - bars[0].index + 1), np.nan)
    for bar in bars:
        columns[:, bar.index - bars[0].index] = [
            price / series.UNIT for price in (bar.open, bar.high, bar.low, bar.close)]
    return columns


def test_edge_equals_the_authors_package(said):
    compared = 0
    for name, bars in SOUND.items():
        answer = said[name]["edge"]
        if answer.value is None:
            continue
        theirs = bidask.edge(*with_missing_rows(bars), sign=True)
        # Their logarithms of prices carry 1e-15; the root of a square near 0 makes that larger.
        assert answer.detail == pytest.approx(theirs, rel=1e-10, abs=1e-10), name
        assert answer.value == max(0.0, answer.detail)
        compared += 1
    assert compared > 60


def test_edge_is_undefined_where_the_authors_package_says_nan(said):
    for name, bars in EVERY.items():
        if said[name]["edge"].reason == "undefined":
            assert np.isnan(bidask.edge(*with_missing_rows(bars)))


def test_signs_of_what_cancels_are_right(said):
    """Values that may be negative are so in some series, and the notes say what was cut off."""
    notes = [by_name["edge"].note for by_name in said.values()]
    assert {"floored", "gaps", None} <= set(notes)
    assert any((s["corwin_schultz_signed"].value or 0) < 0 for s in said.values())
    assert any(s["roll"].reason == "undefined" for s in said.values())
    assert any(s["two_scale"].note == "floored" for s in said.values())
