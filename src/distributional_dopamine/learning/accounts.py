"""Three accounts of a learner that gets less out of gambles than others, and how to tell them apart.

It may weigh its errors unevenly (*asymmetry*), be less moved by all rewards (*sensitivity*), or be less moved
by the larger ones (*curvature*). Each account frees one of these, holds the others at what they are in
controls, and is fitted to choices or to the responses of a population. The account that fits best wins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from distributional_dopamine import _checks
from distributional_dopamine.distributions.statistics import expectiles
from distributional_dopamine.tasks import DiscreteDistribution

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: The accounts, each named after the number that it frees, and the range in which that number is sought.
RANGES = {"asymmetry": (0.02, 0.98), "sensitivity": (0.2, 30.0), "curvature": (0.1, 3.0)}


@dataclass(frozen=True)
class ChoiceLearner:
    """A learner that predicts what each arm is worth to it and prefers the better one.

    A reward r feels like u = rho r^kappa. With delta = u - V of the chosen arm, V moves by 2 alpha tau delta
    above zero and by 2 alpha (1 - tau) delta below; V starts at zero. The second arm of two is chosen with
    probability logistic(V_2 - V_1).

    Attributes
    ----------
    learning_rate : float
        alpha, in [0, 0.5].
    asymmetry : float
        tau, in [0, 1].
    sensitivity : float
        rho, at least zero: what one unit of reward is worth, in units in which choices are made. It is also
        the inverse temperature of the choices: a learner who cares half as much chooses as one who sees the
        same differences half as sharply.
    curvature : float
        kappa, above zero; below one, twice the reward feels less than twice as good.
    """

    learning_rate: float = 0.1
    asymmetry: float = 0.5
    sensitivity: float = 4.0
    curvature: float = 1.0

    def __post_init__(self) -> None:
        """Check the four numbers.

        Raises
        ------
        ValueError
            If one is out of range.
        """
        if _checks.non_negative("learning_rate", self.learning_rate) > 0.5:
            raise ValueError(f"learning_rate must be at most 0.5, found {self.learning_rate}")
        _checks.unit_interval("asymmetry", self.asymmetry)
        _checks.non_negative("sensitivity", self.sensitivity)
        if _checks.non_negative("curvature", self.curvature) == 0.0:
            raise ValueError("curvature must be above zero, found 0.0: all rewards would feel alike")

    def certainty_equivalent(self, law: DiscreteDistribution) -> float:
        """Return the sure reward that this learner comes to value as much as a gamble, in units of reward."""
        felt = float(expectiles(law.values**self.curvature, self.asymmetry, law.weights))
        return float(felt ** (1.0 / self.curvature))


@dataclass(frozen=True, eq=False)
class FittedAccount:
    """The best learner that an account allows.

    Attributes
    ----------
    account : str
        The number that was freed: a key of `RANGES`.
    learner : ChoiceLearner
        The learner found; in a fit to responses its ``learning_rate`` is that of the controls.
    misfit : float
        For choices, minus the natural log of the probability of all choices; for responses or reversal
        points, the sum of squared differences, in squared units of the response or of the reward.
    """

    account: str
    learner: ChoiceLearner
    misfit: float


# --- choices ---


def draw_payoffs(
    blocks: Sequence[tuple[DiscreteDistribution, DiscreteDistribution]],
    n_trials: int,
    rng: np.random.Generator,
) -> Floats:
    """Draw what both arms of each block would pay on each of its trials.

    Parameters
    ----------
    blocks : sequence of pairs of DiscreteDistribution
        The laws of the two arms, one pair a block. Each block has new arms, of which nothing is known.
    n_trials : int
        Trials in each block.
    rng : numpy.random.Generator
        The source of randomness.

    Returns
    -------
    array, shape (n_blocks, n_trials, 2)
        Rewards.
    """
    n_trials = _checks.count("n_trials", n_trials)
    return np.array([np.stack([arm.sample(n_trials, rng) for arm in arms], axis=1) for arms in blocks])


def simulate_choices(learner: ChoiceLearner, payoffs: ArrayLike, rng: np.random.Generator) -> Ints:
    """Let a learner choose and learn from what it chose.

    Parameters
    ----------
    learner : ChoiceLearner
        Who chooses.
    payoffs : array_like, shape (n_blocks, n_trials, 2)
        What each arm would pay, in units of reward, at least zero; see `draw_payoffs`.
    rng : numpy.random.Generator
        The source of randomness: one uniform number a trial.

    Returns
    -------
    array of int, shape (n_blocks, n_trials)
        The arm chosen, 0 or 1.

    Raises
    ------
    ValueError
        If payoffs have another shape or are negative.
    """
    rewards = _payoffs(payoffs)
    chosen = np.zeros(rewards.shape[:2], dtype=np.int64)
    _choose(rewards, chosen, rng.random(rewards.shape[:2]), True, np.inf, *_numbers(learner))
    return chosen


def negative_log_likelihood(learner: ChoiceLearner, choices: ArrayLike, payoffs: ArrayLike) -> float:
    """Return minus the natural log of the probability that a learner makes these choices.

    Parameters
    ----------
    learner : ChoiceLearner
        Who is supposed to choose.
    choices : array_like of int, shape (n_blocks, n_trials)
        The arm chosen, 0 or 1.
    payoffs : array_like, shape (n_blocks, n_trials, 2)
        What each arm would have paid; only that of the chosen arm is looked at.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If shapes differ, a choice is neither 0 nor 1 or a payoff is negative.

    Examples
    --------
    >>> payoffs = [[[1.0, 0.0], [1.0, 0.0]]]
    >>> learner = ChoiceLearner(learning_rate=0.25, sensitivity=4.0)
    >>> round(negative_log_likelihood(learner, [[0, 0]], payoffs), 4)  # 1/2, then e / (1 + e)
    1.0064
    """
    rewards = _payoffs(payoffs)
    chosen = _choices(choices, rewards.shape[:2])
    return float(_choose(rewards, chosen, np.zeros((0, 0)), False, np.inf, *_numbers(learner)))


def fit_choices(
    choices: ArrayLike, payoffs: ArrayLike, account: str, control: ChoiceLearner
) -> FittedAccount:
    """Return the learner of an account that makes the choices most likely.

    Two numbers are free, the learning rate and that of the account, and are sought on a grid that is refined
    around its best point. All accounts have the same two degrees of freedom, so that likelihoods compare.

    Parameters
    ----------
    choices : array_like of int, shape (n_blocks, n_trials)
        The arm chosen, 0 or 1.
    payoffs : array_like, shape (n_blocks, n_trials, 2)
        What each arm would have paid.
    account : str
        A key of `RANGES`.
    control : ChoiceLearner
        Holds the numbers that are not freed.

    Returns
    -------
    FittedAccount

    Raises
    ------
    ValueError
        If the account is unknown or the data malformed.
    """
    rewards = _payoffs(payoffs)
    chosen = _choices(choices, rewards.shape[:2])
    which = _free(account)
    numbers = np.array(_numbers(control))
    low = np.array([np.log(0.01), _stretch(account, RANGES[account][0])])
    high = np.array([np.log(0.5), _stretch(account, RANGES[account][1])])
    best, misfit = _search(rewards, chosen, numbers, which, low, high)
    return FittedAccount(account, ChoiceLearner(*best.tolist()), float(misfit))


def simulate_and_fit(
    learners: Sequence[ChoiceLearner],
    blocks: Sequence[tuple[DiscreteDistribution, DiscreteDistribution]],
    n_trials: int,
    accounts: Sequence[str],
    control: ChoiceLearner,
    rng: np.random.Generator,
) -> Floats:
    """Let learners choose, then fit each account to the choices of each.

    Parameters
    ----------
    learners : sequence of ChoiceLearner
        Who chooses; the fits are not told.
    blocks, n_trials
        As for `draw_payoffs`: each learner has payoffs of its own.
    accounts : sequence of str
        Keys of `RANGES`.
    control : ChoiceLearner
        Holds, for the fits, the numbers that are not freed.
    rng : numpy.random.Generator
        The source of randomness.

    Returns
    -------
    array, shape (n_learners, n_accounts)
        Minus the log likelihood of each account at its best.
    """
    misfits = np.zeros((len(learners), len(accounts)))
    for i, learner in enumerate(learners):
        payoffs = draw_payoffs(blocks, n_trials, rng)
        choices = simulate_choices(learner, payoffs, rng)
        misfits[i] = [fit_choices(choices, payoffs, account, control).misfit for account in accounts]
    return misfits


def confusion_matrix(misfits: ArrayLike) -> Floats:
    """Return how often each account wins, for each account that is true.

    Parameters
    ----------
    misfits : array_like, shape (n_accounts, n_simulations, n_accounts)
        Misfit by the true account, the simulation and the account fitted; the smallest wins.

    Returns
    -------
    array, shape (n_accounts, n_accounts)
        Shares of simulations; rows (the truth) sum to one.

    Raises
    ------
    ValueError
        If something is not finite, there is no simulation, or the shape is another.

    Examples
    --------
    >>> confusion_matrix([[[1.0, 2.0], [4.0, 3.0]], [[5.0, 1.0], [2.0, 1.0]]])
    array([[0.5, 0.5],
           [0. , 1. ]])
    """
    table = _checks.finite_array("misfits", misfits, ndim=3)
    if table.shape[0] != table.shape[2] or table.shape[1] == 0:
        raise ValueError(
            f"misfits must have as many true as fitted accounts and a simulation, found {table.shape}"
        )
    winners = table.argmin(axis=2)
    return np.stack([(winners == account).mean(axis=1) for account in range(len(table))], axis=1)


# --- a population ---


def population_reversal_points(learner: ChoiceLearner, law: DiscreteDistribution, taus: ArrayLike) -> Floats:
    """Return where the cells of a learner change sign, in units of reward.

    The learner's asymmetry shifts those of its cells by the same log odds: the odds of a cell of order tau in
    controls, tau / (1 - tau), are multiplied by those of the learner. Each cell settles at the expectile of
    the felt rewards.

    Parameters
    ----------
    learner : ChoiceLearner
        Whose cells they are; an asymmetry of one half leaves them as they are in controls.
    law : DiscreteDistribution
        The rewards that were learned, at least zero.
    taus : array_like, shape (n_cells,)
        The cells' asymmetries in controls, strictly between 0 and 1.

    Returns
    -------
    array, shape (n_cells,)
        Reversal points, in units of reward. The sensitivity drops out.

    Raises
    ------
    ValueError
        If an asymmetry lies outside its range.

    Examples
    --------
    >>> coin = DiscreteDistribution(np.array([0.0, 2.0]), np.array([0.5, 0.5]))
    >>> population_reversal_points(ChoiceLearner(asymmetry=0.5, sensitivity=1.0), coin, [0.25, 0.5])
    array([0.5, 1. ])
    """
    felt = expectiles(law.values**learner.curvature, _cell_taus(learner, taus), law.weights)
    return np.asarray(felt ** (1.0 / learner.curvature))


def account_responses(learner: ChoiceLearner, law: DiscreteDistribution, taus: ArrayLike) -> Floats:
    """Return how the cells of a learner respond to each reward of the law that they have learned.

    A cell responds with 2 tau (u - V) to a felt reward u above its prediction V, and with 2 (1 - tau) (u - V)
    to one below.

    Parameters
    ----------
    learner, law, taus
        As for `population_reversal_points`.

    Returns
    -------
    array, shape (n_cells, n_rewards)
        Responses, in felt units.
    """
    orders = _cell_taus(learner, taus)[:, None]
    felt = learner.sensitivity * law.values**learner.curvature
    delta = felt - expectiles(felt, orders, law.weights)
    return np.asarray(2.0 * np.where(delta > 0.0, orders, 1.0 - orders) * delta)


@dataclass(frozen=True, eq=False)
class AccountTable:
    """What an account expects to see, for a range of the number that it frees.

    Attributes
    ----------
    account : str
        The number that is freed: a key of `RANGES`.
    learners : tuple of ChoiceLearner
        The candidates; the controls themselves come first, so that no account fits worse than no change.
    expected : array, shape (n_candidates, ...)
        What is expected of each.
    """

    account: str
    learners: tuple[ChoiceLearner, ...]
    expected: Floats


def tabulate_account(
    account: str, control: ChoiceLearner, expect: Callable[[ChoiceLearner], Floats], n_points: int = 201
) -> AccountTable:
    """List what an account expects for each value of the number that it frees.

    Parameters
    ----------
    account : str
        A key of `RANGES`.
    control : ChoiceLearner
        Holds the numbers that are not freed.
    expect : callable
        Takes a learner, returns what is expected to be seen of it: its reversal points, or its responses.
    n_points : int
        Candidates of the freed number, evenly spaced in its log odds (asymmetry) or its log.

    Returns
    -------
    AccountTable

    Raises
    ------
    ValueError
        If the account is unknown.

    Examples
    --------
    >>> table = tabulate_account("sensitivity", ChoiceLearner(), lambda one: np.array([one.sensitivity]))
    >>> table.expected[[0, 1, -1], 0].round(3)
    array([ 4. ,  0.2, 30. ])
    """
    _free(account)
    low, high = (_stretch(account, end) for end in RANGES[account])
    numbers = _unstretch(account, np.linspace(low, high, _checks.count("n_points", n_points, minimum=2)))
    learners = (control, *(replace(control, **{account: number}) for number in numbers.tolist()))
    return AccountTable(account, learners, np.array([expect(learner) for learner in learners]))


def fit_observations(observed: ArrayLike, table: AccountTable) -> FittedAccount:
    """Return the learner of a table whose expectation comes nearest to what was seen.

    Parameters
    ----------
    observed : array_like, of the shape of one row of ``table.expected``
        What was seen.
    table : AccountTable
        See `tabulate_account`.

    Returns
    -------
    FittedAccount
        Its misfit is the sum of squared differences.

    Raises
    ------
    ValueError
        If shapes differ.
    """
    seen = _checks.finite_array("observed", observed)
    if seen.shape != table.expected.shape[1:]:
        raise ValueError(f"observed must have shape {table.expected.shape[1:]}, found {seen.shape}")
    misfits = np.square(table.expected - seen).reshape(len(table.learners), -1).sum(axis=1)
    best = int(misfits.argmin())
    return FittedAccount(table.account, table.learners[best], float(misfits[best]))


# --- below: checks and compiled loops ---


def _numbers(learner: ChoiceLearner) -> tuple[float, float, float, float]:
    return learner.learning_rate, learner.asymmetry, learner.sensitivity, learner.curvature


def _free(account: str) -> int:
    if account not in RANGES:
        raise ValueError(f"account must be one of {', '.join(RANGES)}, found {account!r}")
    return [field.name for field in fields(ChoiceLearner)].index(account)


def _payoffs(payoffs: ArrayLike) -> Floats:
    rewards = _checks.finite_array("payoffs", payoffs, ndim=3)
    if rewards.shape[2] != 2 or (rewards < 0.0).any():
        raise ValueError(
            f"payoffs must be at least zero, one for each of two arms, found shape {rewards.shape} "
            f"and least {rewards.min(initial=np.inf)}"
        )
    return rewards


def _choices(choices: ArrayLike, shape: tuple[int, ...]) -> Ints:
    chosen = np.ascontiguousarray(choices, dtype=np.int64)
    if chosen.shape != shape or not np.isin(chosen, (0, 1)).all():
        raise ValueError(f"choices must be 0 or 1, of shape {shape}, found shape {chosen.shape}: {choices!r}")
    return chosen


def _cell_taus(learner: ChoiceLearner, taus: ArrayLike) -> Floats:
    orders = _checks.unit_interval_array("taus", taus, ndim=1)
    if ((orders == 0.0) | (orders == 1.0)).any() or learner.asymmetry in (0.0, 1.0):
        raise ValueError("taus and the learner's asymmetry must lie strictly between 0 and 1")
    odds = orders / (1.0 - orders) * learner.asymmetry / (1.0 - learner.asymmetry)
    return np.asarray(odds / (1.0 + odds))


def _stretch(account: str, number: float) -> float:
    """The scale on which a number is sought: log odds for an asymmetry, logs for the others."""
    return float(np.log(number / (1.0 - number)) if account == "asymmetry" else np.log(number))


def _unstretch(account: str, number: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-number)) if account == "asymmetry" else np.exp(number))


@njit(cache=True)
def _choose(
    rewards: Floats,
    chosen: Ints,
    uniform: Floats,
    draws: bool,
    enough: float,
    alpha: float,
    tau: float,
    rho: float,
    kappa: float,
) -> float:
    surprise = 0.0
    for block in range(rewards.shape[0]):
        first, second = 0.0, 0.0
        for trial in range(rewards.shape[1]):
            gap = second - first
            if draws:
                chosen[block, trial] = 1 if uniform[block, trial] < 1.0 / (1.0 + np.exp(-gap)) else 0
            arm = chosen[block, trial]
            against = -gap if arm == 1 else gap
            # log(1 + exp(x)) without overflow
            surprise += max(against, 0.0) + np.log1p(np.exp(-abs(against)))
            if surprise > enough:  # it only grows: a search need not go on with what cannot win
                return np.inf
            r_t = rewards[block, trial, arm]
            felt = rho * (r_t if kappa == 1.0 or r_t == 0.0 else r_t**kappa)
            delta = felt - (second if arm == 1 else first)
            step = 2.0 * alpha * (tau if delta > 0.0 else 1.0 - tau) * delta
            if arm == 1:
                second += step
            else:
                first += step
    return surprise


@njit(cache=True)
def _search(
    rewards: Floats, chosen: Ints, control: Floats, which: int, low: Floats, high: Floats
) -> tuple[Floats, float]:
    no_draws = np.zeros((0, 0))
    best, least = control.copy(), np.inf
    n_rates, n_others = 9, 17
    bottom, top = low.copy(), high.copy()
    for _ in range(5):
        for i in range(n_rates):
            for j in range(n_others):
                rate = bottom[0] + (top[0] - bottom[0]) * i / (n_rates - 1)
                other = bottom[1] + (top[1] - bottom[1]) * j / (n_others - 1)
                tried = control.copy()
                tried[0] = np.exp(rate)
                tried[which] = 1.0 / (1.0 + np.exp(-other)) if which == 1 else np.exp(other)
                misfit = _choose(
                    rewards, chosen, no_draws, False, least, tried[0], tried[1], tried[2], tried[3]
                )
                if misfit < least:
                    best, least = tried, misfit
        # the next grid reaches from the best point to its neighbours
        rate = np.log(best[0])
        other = np.log(best[which] / (1.0 - best[which])) if which == 1 else np.log(best[which])
        step_rate = (top[0] - bottom[0]) / (n_rates - 1)
        step_other = (top[1] - bottom[1]) / (n_others - 1)
        bottom[0], top[0] = max(rate - step_rate, low[0]), min(rate + step_rate, high[0])
        bottom[1], top[1] = max(other - step_other, low[1]), min(other + step_other, high[1])
        n_rates, n_others = 5, 5
    return best, least
