"""Conditioning tasks and Markov reward processes.

A *Markov reward process* is a set of states, a probability of moving from each to each, a law of the reward
paid on the way, and a discount: what an animal or an agent meets when it does not choose. Everything here is
data: what is learned about it lives in `distributional_dopamine.learning`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
import scipy.sparse
from numba import njit
from numpy.typing import ArrayLike, NDArray

from distributional_dopamine import _checks

#: A distribution as a caller writes it: values and their weights.
DistributionLike = tuple[ArrayLike, ArrayLike]
#: What pays: a state that is left, or a transition.
StateOrTransition = TypeVar("StateOrTransition", int, tuple[int, int], int | tuple[int, int])


class DiscreteDistribution(NamedTuple):
    """A law with finitely many values: of a reward, or of a return.

    Attributes
    ----------
    values : array, shape (n,)
        What may come out, in units of reward.
    weights : array, shape (n,)
        The probability of each; they sum to one.
    """

    values: NDArray[np.float64]
    weights: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """E[X], in units of reward."""
        return float(self.weights @ self.values)

    @property
    def variance(self) -> float:
        """E[(X - E[X])^2], in squared units of reward."""
        return float(self.weights @ (self.values - self.mean) ** 2)

    def sample(self, n_samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw ``n_samples`` independent values."""
        return rng.choice(self.values, size=n_samples, p=self.weights)


@dataclass(frozen=True, eq=False)
class MarkovRewardProcess:
    """A Markov reward process with finitely many states and finitely many rewards.

    Transitions are stored sparsely. Transition ``k`` (in the order of ``transitions.data``) has its own
    reward law: entries ``reward_starts[k]`` to ``reward_starts[k + 1] - 1`` of values and of weights.
    Build one with `markov_reward_process`, which checks it.

    Attributes
    ----------
    transitions : scipy.sparse.csr_array, shape (n_states, n_states)
        ``transitions[i, j] = P(S_t = j | S_{t-1} = i)``; the rows of terminal states are empty.
    reward_starts : array, shape (n_transitions + 1,)
        Where each transition's reward law starts in the two arrays below.
    reward_values, reward_weights : arrays, shape (n_atoms,)
        The rewards R_t a transition may pay, and their probabilities given that transition.
    discount : float
        gamma, the worth at ``t - 1`` of one unit that is due at ``t``.
    terminal : array of bool, shape (n_states,)
        States that end the episode. Nothing is paid after one: its return is zero.
    names : tuple of str
        One name a state.
    """

    transitions: scipy.sparse.csr_array
    reward_starts: NDArray[np.int64]
    reward_values: NDArray[np.float64]
    reward_weights: NDArray[np.float64]
    discount: float
    terminal: NDArray[np.bool_]
    names: tuple[str, ...]

    @property
    def n_states(self) -> int:
        """Number of states, terminal ones included."""
        return len(self.names)

    @property
    def expected_rewards(self) -> NDArray[np.float64]:
        """E[R_t | S_{t-1} = s], one a state; zero for terminal states."""
        means = np.add.reduceat(self.reward_weights * self.reward_values, self.reward_starts[:-1])
        totals = np.bincount(self.sources, weights=self.transitions.data * means, minlength=self.n_states)
        return totals.astype(np.float64)

    @property
    def sources(self) -> NDArray[np.int64]:
        """The state each stored transition leaves, shape (n_transitions,)."""
        return np.repeat(np.arange(self.n_states), np.diff(self.transitions.indptr))


@dataclass(frozen=True, eq=False)
class Episodes:
    """Experience as one long list of transitions, cut into episodes.

    Attributes
    ----------
    states : array of int, shape (n_transitions,)
        S_{t-1}, the state that was left.
    rewards : array, shape (n_transitions,)
        R_t, paid on the way.
    discounts : array, shape (n_transitions,)
        gamma_t; zero where S_t is terminal, so that nothing is expected after it.
    next_states : array of int, shape (n_transitions,)
        S_t, the state that was entered.
    starts : array of int, shape (n_episodes + 1,)
        Episode ``i`` holds transitions ``starts[i]`` to ``starts[i + 1] - 1``.
    """

    states: NDArray[np.int64]
    rewards: NDArray[np.float64]
    discounts: NDArray[np.float64]
    next_states: NDArray[np.int64]
    starts: NDArray[np.int64]

    @property
    def n_episodes(self) -> int:
        """Number of episodes."""
        return len(self.starts) - 1


def markov_reward_process(
    transitions: ArrayLike | scipy.sparse.sparray,
    rewards: ArrayLike | Mapping[StateOrTransition, DistributionLike],
    discount: float,
    terminal: Sequence[int] = (),
    names: Sequence[str] | None = None,
) -> MarkovRewardProcess:
    """Build a Markov reward process, and check that it is one.

    Parameters
    ----------
    transitions : array_like or sparse array, shape (n_states, n_states)
        ``transitions[i, j] = P(S_t = j | S_{t-1} = i)``. Rows sum to one; those of terminal states are empty.
    rewards : array_like or mapping
        Shape (n_states,): the reward for leaving each state. Shape (n_states, n_states): the reward of each
        transition. A mapping from a state, or a pair of states, to ``(values, weights)``: its reward law; a
        pair takes precedence over its first state, and what is not mentioned pays nothing.
    discount : float
        gamma, in [0, 1].
    terminal : sequence of int
        The states that end the episode.
    names : sequence of str, optional
        One name a state; by default its number.

    Returns
    -------
    MarkovRewardProcess

    Raises
    ------
    ValueError
        If a row is not a probability distribution, a terminal state has a way out, a reward law is malformed,
        or ``discount`` lies outside [0, 1].

    Examples
    --------
    >>> coin = markov_reward_process([[0, 1], [0, 0]], {0: ([0.0, 1.0], [0.5, 0.5])}, 0.9, terminal=[1])
    >>> coin.expected_rewards
    array([0.5, 0. ])
    """
    matrix = scipy.sparse.csr_array(transitions, dtype=np.float64, copy=True)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.shape[0] == 0:
        raise ValueError(f"transitions must be a square matrix, found shape {matrix.shape}")
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    n_states = int(matrix.shape[0])
    _checks.finite_array("transitions", matrix.data)
    if (matrix.data < 0.0).any():
        raise ValueError(f"transitions must hold probabilities, found {matrix.data.min()}")

    is_terminal = np.zeros(n_states, dtype=np.bool_)
    for state in terminal:
        is_terminal[_state_index("terminal", state, n_states)] = True
    totals = np.asarray(matrix.sum(axis=1)).ravel()
    for state in np.flatnonzero(is_terminal & (totals != 0.0)).tolist():
        raise ValueError(
            f"transitions must be empty in the row of a terminal state, found {totals[state]} in {state}: "
            "clear the row (an episode ends there), or don't call the state terminal"
        )
    for state in np.flatnonzero(~is_terminal & (np.abs(totals - 1.0) > 1e-9)).tolist():
        raise ValueError(
            f"transitions must sum to one in each row, found {totals[state]} in row {state}: "
            "normalise it, or name the state in terminal"
        )

    if names is None:
        names = [str(state) for state in range(n_states)]
    if len(names) != n_states:
        raise ValueError(f"names must hold one name for each of {n_states} states, found {len(names)}")

    starts, atoms, weights = _reward_laws(rewards, matrix)
    return MarkovRewardProcess(
        transitions=matrix,
        reward_starts=starts,
        reward_values=atoms,
        reward_weights=weights,
        discount=_checks.unit_interval("discount", discount),
        terminal=is_terminal,
        names=tuple(names),
    )


def _state_index(name: str, state: int, n_states: int) -> int:
    index = _checks.count(name, state, minimum=0)
    if index >= n_states:
        raise ValueError(f"{name} must hold states below {n_states}, found {index}")
    return index


def _reward_laws(
    rewards: ArrayLike | Mapping[StateOrTransition, DistributionLike], matrix: scipy.sparse.csr_array
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """One reward law for each stored transition, in ragged arrays."""
    n_states = int(matrix.shape[0])
    sources = np.repeat(np.arange(n_states), np.diff(matrix.indptr))
    if not isinstance(rewards, Mapping):
        values = _checks.finite_array("rewards", rewards)
        if values.shape == (n_states,):
            atoms = values[sources]
        elif values.shape == (n_states, n_states):
            atoms = values[sources, matrix.indices]
        else:
            raise ValueError(
                f"rewards must have shape ({n_states},) or ({n_states}, {n_states}), found {values.shape}"
            )
        return np.arange(len(atoms) + 1, dtype=np.int64), atoms, np.ones_like(atoms)

    stored = set(zip(sources.tolist(), matrix.indices.tolist(), strict=True))
    laws: dict[int | tuple[int, int], tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
    for key, (law_values, law_weights) in rewards.items():
        if (key not in stored) if isinstance(key, tuple) else not 0 <= key < n_states:
            raise ValueError(f"rewards must be for states or transitions that exist, found {key}")
        values = _checks.finite_array(f"rewards[{key}] values", law_values, ndim=1)
        chances = _checks.probabilities(f"rewards[{key}] weights", law_weights, length=len(values))
        laws[key] = values, chances
    nothing = np.zeros(1), np.ones(1)
    chosen = [
        laws.get((source, target), laws.get(source, nothing))
        for source, target in zip(sources.tolist(), matrix.indices.tolist(), strict=True)
    ]
    lengths = np.array([len(values) for values, _ in chosen], dtype=np.int64)
    return (
        np.concatenate([[0], np.cumsum(lengths)]),
        np.concatenate([values for values, _ in chosen]) if chosen else np.zeros(0),
        np.concatenate([chances for _, chances in chosen]) if chosen else np.zeros(0),
    )


def sample_episodes(
    process: MarkovRewardProcess,
    n_episodes: int,
    rng: np.random.Generator,
    start: int | ArrayLike = 0,
    max_steps: int = 100_000,
) -> Episodes:
    """Draw episodes from a Markov reward process.

    Parameters
    ----------
    process : MarkovRewardProcess
        What to walk through.
    n_episodes : int
        How many walks.
    rng : numpy.random.Generator
        The source of randomness.
    start : int or array_like, shape (n_states,)
        The first state, or the probabilities of each to be the first.
    max_steps : int
        An episode is cut after so many transitions. The last one keeps its discount, so that a learner
        still bootstraps from the state that was reached.

    Returns
    -------
    Episodes

    Raises
    ------
    ValueError
        If ``start`` is not a state of the process or its probabilities, or a count is not positive.
    """
    n_episodes = _checks.count("n_episodes", n_episodes)
    max_steps = _checks.count("max_steps", max_steps)
    if np.ndim(start) == 0:
        chances = np.zeros(process.n_states)
        chances[_state_index("start", int(np.asarray(start)), process.n_states)] = 1.0
    else:
        chances = _checks.probabilities("start", start, length=process.n_states)
    if (chances[process.terminal] > 0.0).any():
        raise ValueError("start must not be a terminal state: no transition leaves it")
    states, rewards, next_states, starts = _walk(
        process.transitions.indptr.astype(np.int64),
        process.transitions.indices.astype(np.int64),
        process.transitions.data,
        process.reward_starts,
        process.reward_values,
        process.reward_weights,
        process.terminal,
        chances,
        n_episodes,
        max_steps,
        rng,
    )
    discounts = np.where(process.terminal[next_states], 0.0, process.discount)
    return Episodes(states, rewards, discounts, next_states, starts)


@njit(cache=True)
def draw(weights: NDArray[np.float64], begin: int, end: int, rng: np.random.Generator) -> int:
    """Draw an index from compiled code, from ``begin`` to ``end - 1``, by weights that sum to one there.

    Parameters
    ----------
    weights
        Probabilities; those from ``begin`` to ``end - 1`` are used.
    begin, end
        Where they begin, and the place after the last.
    rng
        Draws one number.

    Returns
    -------
    int
        The index.
    """
    left = rng.random()
    for index in range(begin, end - 1):
        left -= weights[index]
        if left < 0.0:
            return index
    return end - 1


@njit(cache=True)
def _walk(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int64],
    chances: NDArray[np.float64],
    reward_starts: NDArray[np.int64],
    reward_values: NDArray[np.float64],
    reward_weights: NDArray[np.float64],
    terminal: NDArray[np.bool_],
    start: NDArray[np.float64],
    n_episodes: int,
    max_steps: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    room = 16 * n_episodes
    states = np.empty(room, dtype=np.int64)
    rewards = np.empty(room, dtype=np.float64)
    next_states = np.empty(room, dtype=np.int64)
    starts = np.zeros(n_episodes + 1, dtype=np.int64)
    n = 0
    for episode in range(n_episodes):
        state = draw(start, 0, len(start), rng)
        for _ in range(max_steps):
            if n == room:  # double the room, so that the cost of growing stays linear
                states = np.concatenate((states, np.empty_like(states)))
                rewards = np.concatenate((rewards, np.empty_like(rewards)))
                next_states = np.concatenate((next_states, np.empty_like(next_states)))
                room *= 2
            transition = draw(chances, indptr[state], indptr[state + 1], rng)
            states[n] = state
            rewards[n] = reward_values[
                draw(reward_weights, reward_starts[transition], reward_starts[transition + 1], rng)
            ]
            state = indices[transition]
            next_states[n] = state
            n += 1
            if terminal[state]:
                break
        starts[episode + 1] = n
    return states[:n].copy(), rewards[:n].copy(), next_states[:n].copy(), starts


@njit(cache=True)
def _sweep(
    sources: NDArray[np.int64],
    indptr: NDArray[np.int64],
    indices: NDArray[np.int64],
    chances: NDArray[np.float64],
    reward_starts: NDArray[np.int64],
    reward_values: NDArray[np.float64],
    reward_weights: NDArray[np.float64],
    n_sweeps: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rewards = np.empty(n_sweeps * len(sources))
    next_states = np.empty(n_sweeps * len(sources), dtype=np.int64)
    for n in range(len(rewards)):
        state = sources[n % len(sources)]
        transition = draw(chances, indptr[state], indptr[state + 1], rng)
        next_states[n] = indices[transition]
        rewards[n] = reward_values[
            draw(reward_weights, reward_starts[transition], reward_starts[transition + 1], rng)
        ]
    return rewards, next_states


def sample_sweeps(process: MarkovRewardProcess, n_sweeps: int, rng: np.random.Generator) -> Episodes:
    """Draw one transition from every state, again and again: each sweep over the states is one episode.

    A learner that must visit all states alike is fed with these. The transitions of a sweep don't follow on
    one another, so traces make no sense here.

    Parameters
    ----------
    process : MarkovRewardProcess
        What to draw from.
    n_sweeps : int
        How often each state that is not terminal is left.
    rng : numpy.random.Generator
        The source of randomness.

    Returns
    -------
    Episodes
        One episode a sweep.

    Raises
    ------
    ValueError
        If ``n_sweeps`` is not a positive whole number or all states are terminal.
    """
    n_sweeps = _checks.count("n_sweeps", n_sweeps)
    sources = np.flatnonzero(~process.terminal).astype(np.int64)
    if len(sources) == 0:
        raise ValueError("process must have a state that is not terminal, found none")
    rewards, next_states = _sweep(
        sources,
        process.transitions.indptr.astype(np.int64),
        process.transitions.indices.astype(np.int64),
        process.transitions.data,
        process.reward_starts,
        process.reward_values,
        process.reward_weights,
        n_sweeps,
        rng,
    )
    return Episodes(
        states=np.tile(sources, n_sweeps),
        rewards=rewards,
        discounts=np.where(process.terminal[next_states], 0.0, process.discount),
        next_states=next_states,
        starts=np.arange(n_sweeps + 1, dtype=np.int64) * len(sources),
    )


def variable_magnitude() -> DiscreteDistribution:
    """Return the rewards of the variable-magnitude task: seven volumes of water, in microlitres.

    The probabilities are the shares of trials in the recordings, not what was planned.

    Returns
    -------
    DiscreteDistribution
        Seven volumes in microlitres, and the probability of each.

    References
    ----------
    Dabney et al. (2020), Nature 577:671-675, and the recordings released with it.

    Examples
    --------
    >>> round(variable_magnitude().mean, 3)
    5.208
    """
    shares = [0.06612594, 0.09090909, 0.14847358, 0.15489467, 0.31159175, 0.1509519, 0.07705306]
    return DiscreteDistribution(
        values=np.array([0.1, 0.3, 1.2, 2.5, 5.0, 10.0, 20.0]),
        weights=_checks.probabilities("shares", shares),  # they were printed to eight digits
    )


def utility(reward: ArrayLike) -> NDArray[np.float64]:
    """Return the utility of a volume of water, 10 sign(r) sqrt|r| / (sqrt|r| + sqrt(200)).

    Parameters
    ----------
    reward : array_like
        Volume in microlitres, any shape.

    Returns
    -------
    array
        Utility, without unit, between -10 and 10; of the shape of ``reward``.

    Raises
    ------
    ValueError
        If ``reward`` is not finite.

    References
    ----------
    The function used in the simulations of Dabney et al. (2020), as kept in the code derived from them.

    Examples
    --------
    >>> utility([0.0, 200.0, -200.0])
    array([ 0.,  5., -5.])
    """
    volume = _checks.finite_array("reward", reward)
    root = np.sqrt(np.abs(volume))
    return np.asarray(10.0 * np.sign(volume) * root / (root + np.sqrt(200.0)))


def cues_and_outcomes(
    outcomes: Mapping[str, DistributionLike], discount: float = 1.0, delay: int = 1
) -> MarkovRewardProcess:
    """Build a task in which each cue is followed, after a delay, by a reward from its own law.

    Parameters
    ----------
    outcomes : mapping from str to (values, weights)
        The law of the reward that follows each cue.
    discount : float
        gamma for each step, in [0, 1].
    delay : int
        Steps from the cue to the reward, at least one.

    Returns
    -------
    MarkovRewardProcess
        State ``i`` is the i-th cue; then the waiting states of each cue in turn; the last one is the terminal
        ``"end"``.

    Raises
    ------
    ValueError
        If there is no cue, a law is malformed, or a number is out of range.

    Examples
    --------
    >>> cues_and_outcomes({"sure": ([2.0], [1.0]), "coin": ([0.0, 4.0], [0.5, 0.5])}).names
    ('sure', 'coin', 'end')
    """
    delay = _checks.count("delay", delay)
    if not outcomes:
        raise ValueError("outcomes must hold at least one cue, found none")
    n_cues, end = len(outcomes), len(outcomes) * delay
    names = [*outcomes]
    laws: dict[int, DistributionLike] = {}
    path: list[tuple[int, int]] = []
    for cue, (name, law) in enumerate(outcomes.items()):
        waiting = [n_cues + cue * (delay - 1) + step for step in range(delay - 1)]
        names += [f"{name}, {step + 1} later" for step in range(delay - 1)]
        visited = [cue, *waiting, end]
        path += itertools.pairwise(visited)
        laws[visited[-2]] = law
    sources, targets = np.array(path).T
    matrix = scipy.sparse.coo_array((np.ones(len(path)), (sources, targets)), shape=(end + 1, end + 1))
    return markov_reward_process(matrix, laws, discount, terminal=[end], names=[*names, "end"])


def variable_probability(discount: float = 1.0, delay: int = 1) -> MarkovRewardProcess:
    """Build the variable-probability task: three cues, rewarded with a chance of 10, 50 and 90 per cent.

    Parameters
    ----------
    discount : float
        gamma for each step, in [0, 1].
    delay : int
        Steps from the cue to the outcome, at least one (two seconds in the experiment).

    Returns
    -------
    MarkovRewardProcess
        Cues ``"10%"``, ``"50%"`` and ``"90%"``, then as in `cues_and_outcomes`; the reward is one.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Dabney et al. (2020), Nature 577:671-675, Extended Data Fig. 9a, b.
    """
    outcomes = {f"{chance:.0%}": ([0.0, 1.0], [1.0 - chance, chance]) for chance in (0.1, 0.5, 0.9)}
    return cues_and_outcomes(outcomes, discount, delay)


def risky_choice(mean: float = 1.0, chance: float = 0.5) -> tuple[DiscreteDistribution, DiscreteDistribution]:
    """Return the two arms of a choice that the mean cannot make: a sure reward, and a gamble worth the same.

    Parameters
    ----------
    mean : float
        What either arm pays on average.
    chance : float
        The chance that the gamble pays, in (0, 1]; it then pays ``mean / chance``, else nothing.

    Returns
    -------
    safe, risky : DiscreteDistribution
        The laws of the reward of the two arms.

    Raises
    ------
    ValueError
        If ``mean`` is not finite or ``chance`` does not lie in (0, 1].

    Examples
    --------
    >>> safe, risky = risky_choice()
    >>> safe.mean == risky.mean, safe.variance, risky.variance
    (True, 0.0, 1.0)
    """
    mean = float(_checks.finite_array("mean", mean, ndim=0))
    chance = _checks.unit_interval("chance", chance)
    if chance == 0.0:
        raise ValueError(
            "chance must be above zero, found 0.0: a gamble that never pays has no mean to match"
        )
    safe = DiscreteDistribution(np.array([mean]), np.ones(1))
    return safe, DiscreteDistribution(np.array([0.0, mean / chance]), np.array([1.0 - chance, chance]))


def random_walk(n_states: int = 5, discount: float = 1.0) -> MarkovRewardProcess:
    """Build the random walk of Sutton (1988): left or right with equal chance, one is paid at the right end.

    States ``0`` to ``n_states - 1`` lie in a row; the two last, ``"left end"`` and ``"right end"``, are
    terminal. With a discount of one, the value of state ``i`` is ``(i + 1) / (n_states + 1)``.

    Parameters
    ----------
    n_states : int
        Number of states in the row (five in the paper), the two ends not counted.
    discount : float
        gamma, in [0, 1].

    Returns
    -------
    MarkovRewardProcess

    Raises
    ------
    ValueError
        If ``n_states`` is not a positive whole number or ``discount`` lies outside [0, 1].
    """
    n_states = _checks.count("n_states", n_states)
    left_end, right_end = n_states, n_states + 1
    row = np.arange(n_states)
    left = np.where(row == 0, left_end, row - 1)
    right = np.where(row == n_states - 1, right_end, row + 1)
    matrix = scipy.sparse.coo_array(
        (np.full(2 * n_states, 0.5), (np.tile(row, 2), np.concatenate([left, right]))),
        shape=(n_states + 2, n_states + 2),
    )
    names = [*map(str, row + 1), "left end", "right end"]
    rewards = {(n_states - 1, right_end): ([1.0], [1.0])}
    return markov_reward_process(matrix, rewards, discount, terminal=[left_end, right_end], names=names)


def chain(
    n_states: int, outcome: DistributionLike, discount: float = 1.0, backward: float = 0.0
) -> MarkovRewardProcess:
    """Build a chain: from the first state step by step to the last, whose exit pays a reward from one law.

    Parameters
    ----------
    n_states : int
        Number of states before the terminal ``"end"``.
    outcome : (values, weights)
        The law of the reward on the step into the end.
    discount : float
        gamma, in [0, 1].
    backward : float
        The chance to slip back by one state instead (the first state then stays), in [0, 1).

    Returns
    -------
    MarkovRewardProcess

    Raises
    ------
    ValueError
        If the law is malformed or a number is out of range.
    """
    n_states = _checks.count("n_states", n_states)
    backward = _checks.unit_interval("backward", backward)
    if backward == 1.0:
        raise ValueError("backward must be below one, found 1.0: the end would never be reached")
    row = np.arange(n_states)
    matrix = scipy.sparse.coo_array(
        (
            np.repeat([1.0 - backward, backward], n_states),
            (np.tile(row, 2), np.concatenate([row + 1, np.maximum(row - 1, 0)])),
        ),
        shape=(n_states + 1, n_states + 1),
    )
    names = [*map(str, row + 1), "end"]
    return markov_reward_process(
        matrix, {(n_states - 1, n_states): outcome}, discount, terminal=[n_states], names=names
    )


def random_process(
    n_states: int,
    rng: np.random.Generator,
    n_successors: int = 5,
    n_rewards: int = 1,
    discount: float = 0.9,
) -> MarkovRewardProcess:
    """Build a sparse Markov reward process at random, without terminal states.

    Each state has ``n_successors`` distinct successors with chances from a flat Dirichlet law, and a reward
    law of ``n_rewards`` standard normal values with chances drawn alike.

    Parameters
    ----------
    n_states : int
        Number of states.
    rng : numpy.random.Generator
        The source of randomness.
    n_successors : int
        Successors of each state, at most ``n_states``.
    n_rewards : int
        Number of rewards each state may pay.
    discount : float
        gamma, in [0, 1].

    Returns
    -------
    MarkovRewardProcess

    Raises
    ------
    ValueError
        If a number is out of range.
    """
    n_states = _checks.count("n_states", n_states)
    n_successors = _checks.count("n_successors", n_successors)
    n_rewards = _checks.count("n_rewards", n_rewards)
    if n_successors > n_states:
        raise ValueError(f"n_successors must be at most n_states = {n_states}, found {n_successors}")
    targets = np.stack([rng.choice(n_states, n_successors, replace=False) for _ in range(n_states)])
    chances = rng.dirichlet(np.ones(n_successors), size=n_states)
    sources = np.repeat(np.arange(n_states), n_successors)
    matrix = scipy.sparse.coo_array((chances.ravel(), (sources, targets.ravel())), shape=(n_states, n_states))
    laws = {
        state: (rng.standard_normal(n_rewards), rng.dirichlet(np.ones(n_rewards)))
        for state in range(n_states)
    }
    return markov_reward_process(matrix, laws, discount)
