"""The sampler of latent classes without end.

Each incident is of a class; within a class the lists are independent. Class ``c`` has the share ``pi_c = v_c
prod_{l<c} (1 - v_l)`` with ``v_c ~ Beta(1, alpha)``, ``alpha ~ Gamma(a, a)``, and list ``j`` sees its incidents with
chance ``lambda_jc ~ Beta(1, 1)``; ``p(N) = 1/N``. A Gibbs sweep is that of LCMCR. It moves slowly, because the
classes of thousands of incidents hold each other in place; so each is followed by one Hamiltonian step (Neal 2011) on
the same posterior with classes and unseen summed out, which is invariant as well and mixes some ten times faster.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from servanda.compliance.undercount.captures import patterns
from servanda.compliance.undercount.settings import UndercountSettings

Floats = NDArray[np.float64]
EDGE = 1e-9
"""Chances are kept so far from 0 and 1, where their logarithms are still finite."""
LEAST_ALPHA = 1e-8
"""Of the concentration; further classes have no share below it."""
WARM_UP = 150
LEAPS = 32
"""Of one Hamiltonian step; 32 gave the most effective draws per second on the Kosovo lists, of 8 to 48."""
GOAL = 0.75
"""Share of Hamiltonian steps accepted that the step size is tuned to while warming up (0.65 is best in high dimension;
more is safer: Beskos et al. 2013)."""


@dataclass(frozen=True)
class _Point:
    """Where the chains are: log posterior with classes and unseen summed out, its gradient, and what both rest on."""

    value: Floats
    slope: Floats


class Sampler:
    """All chains at once. State: ``x`` (chains, K·k + K − 1), logits of lambda and then of the sticks, and alpha."""

    def __init__(
        self, counts: NDArray[np.int64], k: int, settings: UndercountSettings, rng: np.random.Generator
    ) -> None:
        some = counts.any(axis=0)
        self.n, self.bits = counts[:, some], patterns(k)[1:][some].astype(float)
        self.total = self.n.sum(axis=1)
        self.k, self.classes, self.prior, self.rng = k, settings.latent_classes, settings.latent_prior, rng
        self.chains = len(counts)
        self.alpha = rng.gamma(1.0, 1.0, self.chains) + 0.1
        chances = rng.beta(1.0, 1.0, (self.chains, self.classes * k))
        sticks = rng.beta(1.0, self.alpha[:, None], (self.chains, self.classes - 1))
        self.x = logit(np.concatenate([chances, sticks], axis=1).clip(EDGE, 1 - EDGE))
        self.step = np.full(self.chains, 0.1)

    def warm_up(self) -> None:
        """Leaves the start behind and tunes the step size of each chain; nothing of it is kept."""
        for i in range(WARM_UP):
            self.gibbs()
            accepted = self.hamiltonian()
            self.step *= np.exp((accepted - GOAL) * 2.0 / (i + 10.0) ** 0.6)

    def run(self, iterations: int) -> Floats:
        """(chains, iterations) draws of the unseen."""
        out = np.empty((self.chains, iterations))
        for i in range(iterations):
            out[:, i] = self.gibbs()
            self.hamiltonian()
        return out

    def only(self, chains: NDArray[np.int64]) -> None:
        """Drops all chains but these."""
        self.n, self.total = self.n[chains], self.total[chains]
        self.alpha, self.x, self.step = self.alpha[chains], self.x[chains], self.step[chains]
        self.chains = len(chains)

    def gibbs(self) -> Floats:
        """One sweep of LCMCR: classes of the seen, unseen and their classes, chances, sticks, concentration."""
        rng = self.rng
        theta, missed, *_ = self._unpack(self.x)
        p = np.exp(_less_max(missed[:, :, None] + theta @ self.bits.T))
        p /= p.sum(axis=1, keepdims=True)
        members = rng.multinomial(self.n, p.transpose(0, 2, 1))
        rho = np.exp(missed)
        none = np.minimum(rho.sum(axis=1), 1 - EDGE)
        unseen = rng.negative_binomial(self.total, 1.0 - none)
        size = members.sum(axis=1) + rng.multinomial(unseen, rho / rho.sum(axis=1, keepdims=True))
        caught = members.transpose(0, 2, 1) @ self.bits
        chances = rng.beta(1.0 + caught, 1.0 + size[:, :, None] - caught)
        after = size[:, ::-1].cumsum(axis=1)[:, ::-1] - size
        rest = _log_gamma(rng, self.alpha[:, None] + after[:, :-1])
        sticks = np.log(rng.gamma(1.0 + size[:, :-1])) - rest
        log_rest = -np.logaddexp(0.0, sticks).sum(axis=1)
        alpha = rng.gamma(self.prior + self.classes - 1, 1.0 / (self.prior - log_rest))
        self.alpha = np.maximum(alpha, LEAST_ALPHA)
        self.x = np.concatenate([logit(chances.clip(EDGE, 1 - EDGE)).reshape(self.chains, -1), sticks], axis=1)
        return np.asarray(unseen, dtype=np.float64)

    def hamiltonian(self) -> Floats:
        """One trajectory per chain; returns the chance with which each was accepted."""
        x: Floats = self.x
        here = self._point(x)
        momentum: Floats = self.rng.standard_normal(x.shape)
        start = here.value - 0.5 * (momentum**2).sum(axis=1)
        step = (self.step * self.rng.uniform(0.5, 1.2, self.chains))[:, None]
        for _ in range(LEAPS):
            momentum = momentum + 0.5 * step * here.slope
            x = x + step * momentum
            here = self._point(x)
            momentum = momentum + 0.5 * step * here.slope
        with np.errstate(invalid="ignore", over="ignore"):
            gain = here.value - 0.5 * (momentum**2).sum(axis=1) - start
        chance = np.where(np.isfinite(gain), np.exp(np.minimum(np.nan_to_num(gain, nan=-np.inf), 0.0)), 0.0)
        taken = self.rng.random(self.chains) < chance
        self.x = np.where(taken[:, None], x, self.x)
        chances = slice(self.classes * self.k)
        self.x[:, chances] = self.x[:, chances].clip(logit(EDGE), logit(1 - EDGE))
        return np.asarray(chance)

    def _unpack(self, x: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """Logits of lambda; log chance to be of a class and unseen; logs of 1 - lambda, of the sticks, of 1 - them."""
        theta = x[:, : self.classes * self.k].reshape(-1, self.classes, self.k)
        s = x[:, self.classes * self.k :]
        log_not = -np.logaddexp(0.0, theta)
        stop, go = -np.logaddexp(0.0, -s), -np.logaddexp(0.0, s)
        share = np.zeros((len(x), self.classes))
        share[:, 1:] = go.cumsum(axis=1)
        share[:, :-1] += stop
        return theta, share + log_not.sum(axis=2), log_not, stop, go

    def _point(self, x: Floats) -> _Point:
        """``sum_x n_x log p_x - n log(1 - p_0)``, as ``p(N) = 1/N`` sums the unseen out, and the priors."""
        theta, missed, log_not, stop, go = self._unpack(x)
        joint = missed[:, :, None] + theta @ self.bits.T
        top = joint.max(axis=1, keepdims=True)
        e = np.exp(joint - top)
        whole = e.sum(axis=1, keepdims=True)
        rho = np.exp(missed)
        none = np.minimum(rho.sum(axis=1), 1 - EDGE)
        value = ((top + np.log(whole))[:, 0] * self.n).sum(axis=1) - self.total * np.log1p(-none)
        value += (theta + 2.0 * log_not).sum(axis=(1, 2)) + (stop + self.alpha[:, None] * go).sum(axis=1)
        members = e / whole * self.n[:, None, :]
        size = members.sum(axis=2) + rho * (self.total / (1.0 - none))[:, None]
        chance, stick = expit(theta), np.exp(stop)
        by_chance = members @ self.bits - size[:, :, None] * chance + 1.0 - 2.0 * chance
        after = size[:, ::-1].cumsum(axis=1)[:, ::-1] - size
        by_stick = size[:, :-1] * (1 - stick) - after[:, :-1] * stick + (1 - stick) - self.alpha[:, None] * stick
        return _Point(value, np.concatenate([by_chance.reshape(len(x), -1), by_stick], axis=1))


def _less_max(log: Floats) -> Floats:
    return np.asarray(log - log.max(axis=1, keepdims=True))


def _log_gamma(rng: np.random.Generator, shape: Floats) -> Floats:
    """Logarithms of Gamma draws, finite for however small a shape: ``Gamma(b) = Gamma(b + 1) U^(1/b)``.

    A stick near 1 must be known by what it leaves: were that cut off at 1e-9, the concentration could not be near 0,
    and a single class would be believed less than its prior says.
    """
    return np.asarray(np.log(rng.gamma(shape + 1.0)) + np.log1p(-rng.random(shape.shape)) / shape)
