"""The numbers that the notebook on least squares prints for Hubble's nebulae, against scipy and scikit-learn."""

import numpy as np
import pytest
from ledger import ROOT
from scipy import stats
from sklearn.linear_model import LinearRegression, Ridge

TABLE = np.loadtxt(ROOT / "chapters/data/hubble-1929.csv", delimiter=",", skiprows=3, usecols=(1, 2))
DISTANCE, VELOCITY = TABLE.T


def test_the_table_is_hubbles():
    assert TABLE.shape == (24, 2)
    assert (np.diff(DISTANCE) >= 0).all()  # as printed
    assert (DISTANCE == 0.9).sum() == 4 and (DISTANCE == 2.0).sum() == 4
    assert (VELOCITY < 0).sum() == 5 and VELOCITY.sum() == 8955


def test_the_line():
    line = stats.linregress(DISTANCE, VELOCITY)
    assert (line.slope, line.intercept) == pytest.approx((454.16, -40.78), abs=0.005)
    residuals = VELOCITY - line.slope * DISTANCE - line.intercept
    assert np.sqrt(np.mean(residuals**2)) == pytest.approx(223.0, abs=0.5)


def test_the_line_through_the_origin():
    through_origin = LinearRegression(fit_intercept=False).fit(DISTANCE[:, None], VELOCITY)
    assert through_origin.coef_ == pytest.approx([423.94], abs=0.005)
    residuals = VELOCITY - through_origin.predict(DISTANCE[:, None])
    assert residuals.sum() == pytest.approx(-317.8, abs=0.05)


@pytest.mark.parametrize("alpha, error, to_sine", [(1e-8, 0.0, 0.87), (0.01, 0.28, 0.15), (100.0, 0.86, 0.69)])
def test_the_ridge_polynomials_of_degree_nine(alpha, error, to_sine):
    x, fine = np.linspace(-1, 1, 10), np.linspace(-1, 1, 201)
    y = np.sin(np.pi * x) + 0.3 * np.random.default_rng(2).normal(size=10)
    powers, fine_powers = np.vander(x, 10, increasing=True), np.vander(fine, 10, increasing=True)
    model = Ridge(alpha=alpha, fit_intercept=False, solver="svd").fit(powers, y)
    misses = model.predict(powers) - y, model.predict(fine_powers) - np.sin(np.pi * fine)
    assert [np.sqrt(np.mean(miss**2)) for miss in misses] == pytest.approx([error, to_sine], abs=0.01)
