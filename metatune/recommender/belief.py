"""Belief about every configuration on a dataset: a prior from past datasets, and its posterior.

Each past dataset is a guess at what this one will be like. The guesses are weighted by proximity in
meta-feature space, and each is blurred by a Gaussian over all configurations and levels whose
covariance is learned across past datasets, those nearby counting more: a kernel density estimate
(Silverman 1986) of the vector of results, its mean and variance kept. Results of trials condition
every guess as in Gaussian process regression, and weigh the guesses anew by how well they agree.
With a single guess this is the joint Gaussian of Wistuba et al. (2015) and of collaborative
filtering by probabilistic matrix factorisation (Fusi et al. 2018).

Values are losses on any scale on which they are about Gaussian; less is better.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from metatune._typing import FloatArray, IndexArray


__all__ = ["Belief", "BeliefSettings", "Posterior", "combination_gain", "combination_share"]

_TINY = 1e-12
_N_NODES = 9  # of the Gauss-Hermite quadrature over what a member may turn out to be worth
_MOST_LOG = 50.0  # of a ratio of errors; more is no number


@dataclass(frozen=True, slots=True, kw_only=True)
class BeliefSettings:
    """Settings of the prior formed from past datasets.

    Attributes
    ----------
    bandwidth : float
        Share of the variance that each guess is blurred by, in (0, 1]; 1 makes them all alike.
    uniform : float
        Share of the covariance that is learned from all past datasets alike.
    ridge : float
        Addition to the variances, as a share of their mean.
    noise : float
        Variance of a repeated result, as a share of the mean variance.
    offset : float
        Variance of an offset that all configurations of a dataset share, as a multiple of what
        past datasets show: the overall difficulty is learned from trials rather than assumed.
    doubt : float
        Weight of the learned scale of the variances, in trials, against the scale that trials
        show; 0 does not correct it.
    n_guesses : int
        Number of past datasets, the nearest ones, that are guesses.
    """

    bandwidth: float = 0.4
    uniform: float = 0.5
    ridge: float = 0.01
    noise: float = 0.001
    offset: float = 0.3
    doubt: float = 5.0
    n_guesses: int = 40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Belief:
    """Mixture of Gaussians of equal covariance over columns (configurations at levels).

    Attributes
    ----------
    means : ndarray of shape (n_guesses, n_columns)
        Expected values of each guess.
    weights : ndarray of shape (n_guesses,)
        Weights of the guesses; add up to 1.
    covariance : ndarray of shape (n_columns, n_columns)
        Covariance of every guess.
    noise : float
        Variance of a repeated result.
    doubt : float
        See `BeliefSettings`.
    """

    means: "FloatArray"
    weights: "FloatArray"
    covariance: "FloatArray"
    noise: float
    doubt: float

    @classmethod
    def from_past(
        cls, values: "FloatArray", weights: "FloatArray", settings: BeliefSettings
    ) -> "Belief":
        """Form a belief from results on past datasets.

        Parameters
        ----------
        values : ndarray of shape (n_datasets, n_columns)
            Results on past datasets, without NaN.
        weights : ndarray of shape (n_datasets,)
            Proximity of past datasets; adds up to 1.
        settings : BeliefSettings
            Settings of the prior.
        """
        near = np.argsort(-weights, kind="stable")[: settings.n_guesses]
        near = near[weights[near] > 0]
        spread = (1 - settings.uniform) * weights + settings.uniform / len(weights)
        deviation = values - spread @ values
        covariance = (deviation * spread[:, None]).T @ deviation
        n_columns = max(1, len(covariance))  # there may be none
        mean_variance = max(float(np.trace(covariance)) / n_columns, _TINY)
        covariance[np.diag_indices(len(covariance))] += settings.ridge * mean_variance
        center = weights @ values
        shrink = np.sqrt(1.0 - settings.bandwidth)
        offset = settings.offset * float(np.var(values.sum(axis=1) / n_columns))
        return cls(
            means=center + shrink * (values[near] - center),
            weights=weights[near] / weights[near].sum(),
            covariance=settings.bandwidth * covariance + offset,
            noise=settings.noise * mean_variance,
            doubt=settings.doubt,
        )

    def before_results(self) -> "Posterior":
        """Return the posterior without any result."""
        return self.given(np.zeros(0, dtype=np.intp), np.zeros(0))

    def given(self, columns: "IndexArray", results: "FloatArray") -> "Posterior":
        """Condition on results.

        Parameters
        ----------
        columns : ndarray of int, shape (n_results,)
            Columns of the results; may be empty.
        results : ndarray of shape (n_results,)
            The results; NaN where a trial is still running, so that only variances shrink.

        Returns
        -------
        Posterior
        """
        from scipy.linalg import solve_triangular

        known = np.isfinite(results)
        columns = np.concatenate([columns[known], columns[~known]])
        gram = self.covariance[np.ix_(columns, columns)].copy()
        gram[np.diag_indices(len(columns))] += self.noise
        root = np.linalg.cholesky(gram)  # of what is known first, then of what is under way
        explained = solve_triangular(root, self.covariance[columns], lower=True, check_finite=False)
        n = int(known.sum())
        surprise = (results[known] - self.means[:, columns[:n]]).T
        surprise = solve_triangular(root[:n, :n], surprise, lower=True, check_finite=False)
        misfit = (surprise**2).sum(axis=0)
        log_weights = np.log(self.weights) - 0.5 * misfit
        weights = np.exp(log_weights - log_weights.max())
        weights /= weights.sum()
        scale = 1.0
        if self.doubt > 0:
            scale = (self.doubt + float(weights @ misfit)) / (self.doubt + n)
        return Posterior(
            means=self.means + surprise.T @ explained[:n],
            weights=weights,
            prior_covariance=self.covariance,
            explained=explained,
            scale=scale,
        )

    def only(self, columns: "IndexArray") -> "Belief":
        """Return the belief about some of the columns only.

        Parameters
        ----------
        columns : ndarray of int, shape (n_kept,)
            Columns to keep.
        """
        return replace(
            self,
            means=self.means[:, columns],
            covariance=self.covariance[np.ix_(columns, columns)],
        )

    def extended(self, combination: "FloatArray", rest: "FloatArray") -> "Belief":
        """Add columns that are expected to be combinations of those there are.

        Parameters
        ----------
        combination : ndarray of shape (n_new, n_columns)
            Share of each column in each new one.
        rest : ndarray of shape (n_new, n_new)
            Covariance of how new columns deviate from their combinations.
        """
        cross = combination @ self.covariance
        own = cross @ combination.T + rest
        return replace(
            self,
            means=np.hstack([self.means, self.means @ combination.T]),
            covariance=np.block([[self.covariance, cross.T], [cross, own]]),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Posterior:
    """Posterior: a belief after results.

    Attributes
    ----------
    means : ndarray of shape (n_guesses, n_columns)
        Expected values of each guess.
    weights : ndarray of shape (n_guesses,)
        Weights of the guesses; add up to 1.
    prior_covariance : ndarray of shape (n_columns, n_columns)
        Covariance before the results.
    explained : ndarray of shape (n_results, n_columns)
        ``explained.T @ explained`` is the part of that covariance explained by the results.
    scale : float
        Factor of the variances estimated from the residuals of the results.
    """

    means: "FloatArray"
    weights: "FloatArray"
    prior_covariance: "FloatArray"
    explained: "FloatArray"
    scale: float

    @cached_property
    def variance(self) -> "FloatArray":
        """Variance of each guess, (n_columns,)."""
        left = np.diag(self.prior_covariance) - (self.explained**2).sum(axis=0)
        return np.asarray(np.maximum(left, _TINY) * self.scale)

    @cached_property
    def mean(self) -> "FloatArray":
        """Expected values, (n_columns,)."""
        return np.asarray(self.weights @ self.means)

    @cached_property
    def deviation(self) -> "FloatArray":
        """Standard deviation of the mixture, (n_columns,)."""
        between = self.weights @ (self.means - self.mean) ** 2
        return np.asarray(np.sqrt(self.variance + between))

    def only(self, columns: slice) -> "Posterior":
        """Return the posterior of some of the columns only."""
        return Posterior(
            means=self.means[:, columns],
            weights=self.weights,
            prior_covariance=self.prior_covariance[columns, columns],
            explained=self.explained[:, columns],
            scale=self.scale,
        )

    def of(self, combination: "FloatArray", variance: "FloatArray") -> "Posterior":
        """Return the posterior of combinations of columns.

        Parameters
        ----------
        combination : ndarray of shape (n_new, n_columns)
            Share of each column in each new one.
        variance : ndarray of shape (n_new,)
            Variance of the deviation of a new column from its combination.
        """
        explained = self.explained @ combination.T
        prior = combination @ self.prior_covariance @ combination.T + np.diag(variance)
        return Posterior(
            means=self.means @ combination.T,
            weights=self.weights,
            prior_covariance=prior,
            explained=explained,
            scale=self.scale,
        )

    def expected_improvement(self, best: float) -> "FloatArray":
        """Return the expected improvement of each column below `best` (Mockus 1978).

        Parameters
        ----------
        best : float
            The lowest value so far.

        Returns
        -------
        ndarray of shape (n_columns,)
            Not negative.
        """
        from scipy.special import ndtr

        deviation = np.sqrt(self.variance)
        margin = (best - self.means) / deviation
        density = np.exp(-0.5 * margin**2) / np.sqrt(2 * np.pi)
        return np.asarray(self.weights @ (deviation * (margin * ndtr(margin) + density)))

    def expected_gain(self, ensemble: float, shared: "FloatArray", power: float) -> "FloatArray":
        """Return the expected gain of an ensemble that takes each column as a further member.

        With the squared error of the ensemble as the unit, b that of a candidate and c the mean
        product of their errors, the best mean of both has an error of (b - c^2) / (1 + b - 2 c)
        (Bates, Granger 1969, "The combination of forecasts"). Errors that all models make, such as
        noise, are in c; so it is about the same for every candidate of a family, good or bad.

        Parameters
        ----------
        ensemble : float
            Value of the ensemble so far.
        shared : ndarray of shape (n_columns,)
            Mean product of the errors, in units of the ensemble's squared error.
        power : float
            Exponent by which the ratio of two losses becomes that of squared errors.

        Returns
        -------
        ndarray of shape (n_columns,)
            On the scale of the values; not negative.
        """
        nodes, weights = np.polynomial.hermite_e.hermegauss(_N_NODES)
        spread = np.sqrt(self.variance)[None, :, None] * nodes
        error = np.exp(np.minimum(power * (self.means[:, :, None] + spread - ensemble), _MOST_LOG))
        gain = -np.log(1.0 - combination_gain(error, shared[None, :, None])) / power
        return np.asarray(self.weights @ (gain @ (weights / weights.sum())))

    def interval(self, coverage: float, spread: float = 1.0) -> "tuple[FloatArray, FloatArray]":
        """Return lower and upper ends between which each column lies with a probability.

        Parameters
        ----------
        coverage : float
            The probability.
        spread : float
            Factor of the standard deviations; see `MetaModel.spread`.
        """
        from scipy.special import ndtri

        reach = float(ndtri(0.5 + coverage / 2)) * spread * self.deviation
        return self.mean - reach, self.mean + reach


def combination_share(error: "FloatArray", shared: "FloatArray") -> "FloatArray":
    """Return the share of a candidate in the best mean of it and an ensemble; see `Posterior`."""
    apart = np.maximum(1.0 + error - 2.0 * shared, _TINY)
    share = np.clip((1.0 - shared) / apart, 0.0, 1.0)
    return np.where(shared >= np.minimum(1.0, error), error < 1.0, share)


def combination_gain(error: "FloatArray", shared: "FloatArray") -> "FloatArray":
    """Return the share of an ensemble's squared error that the best mean with a candidate saves."""
    share = combination_share(error, shared)
    left = (1.0 - share) ** 2 + share**2 * error + 2.0 * share * (1.0 - share) * shared
    return np.clip(1.0 - left, 0.0, 1.0 - _TINY)
