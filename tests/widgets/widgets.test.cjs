// The arithmetic of the widgets, against the book's Python (oracle.json) and against cases worked out by hand.
const assert = require("node:assert/strict");
const { test } = require("node:test");
const oracle = require("./oracle.json");
const folder = "../../book/_static/widgets";
const common = require(`${folder}/common.js`);
const balance = require(`${folder}/expectile-balance.js`);
const td = require(`${folder}/td-steps.js`);
const population = require(`${folder}/draw-distribution.js`);
const picking = require(`${folder}/pick-a-cell.js`);
const splitting = require(`${folder}/resplit-trials.js`);
const decoding = require(`${folder}/decode-subset.js`);

function close(found, wanted, tolerance, what = "") {
  assert.equal(found.length, wanted.length, what);
  wanted.forEach((value, i) => assert.ok(Math.abs(found[i] - value) <= tolerance, `${what}[${i}]: ${found[i]}, not ${value}`));
}

test("numbers are printed as in the book", () => {
  assert.equal(common.format(-1.5, 2), "\u22121.50");
  assert.equal(common.format(-0.001, 2), "0.00");
  assert.equal(common.format(12, 0), "12");
});

test("random numbers are the same for the same seed, and even", () => {
  const first = common.random(7), second = common.random(7), other = common.random(8);
  const drawn = Array.from({ length: 4000 }, () => first());
  assert.deepEqual(drawn.slice(0, 5), Array.from({ length: 5 }, () => second()));
  assert.notEqual(drawn[0], other());
  assert.ok(Math.abs(drawn.reduce((a, b) => a + b) / drawn.length - 0.5) < 0.02);
  const uniform = common.random(1);
  const normals = Array.from({ length: 4000 }, () => common.normal(uniform));
  assert.ok(Math.abs(normals.reduce((a, b) => a + b * b, 0) / normals.length - 1) < 0.1);
});

test("expectiles, quantiles and distances are those of the package", () => {
  const { values, weights, taus, other, shares } = oracle.statistics;
  close(taus.map((tau) => common.expectile(values, weights, tau)), oracle.statistics.expectiles, 1e-9, "expectiles");
  close(taus.map((tau) => common.quantile(values, weights, tau)), oracle.statistics.quantiles, 1e-12, "quantiles");
  const total = weights.reduce((a, b) => a + b);
  const distance = common.wasserstein(values, weights.map((w) => w / total), other, shares);
  assert.ok(Math.abs(distance - oracle.statistics.wasserstein) < 1e-9);
  assert.equal(common.expectile([0, 1], [1, 1], 0.3), 0.3);
});

test("a correlation leaves out pairs of which one is missing", () => {
  assert.ok(Math.abs(common.correlation([1, 2, NaN, 3], [2, 4, 9, 6]) - 1) < 1e-12);
  assert.ok(Number.isNaN(common.correlation([1, 2], [1, 2])));
  // By hand: deviations (-1, 0, 1) and (-1, 1, 0), so r = 1 / 2.
  assert.ok(Math.abs(common.correlation([1, 2, 3], [1, 3, 2]) - 0.5) < 1e-12);
});

test("pulls balance where a prediction rests", () => {
  // A fair coin for nought or one: up tau (1 - v) / 2, down (1 - tau) v / 2.
  const pulls = balance.pulls([0, 1], [0.5, 0.5], 0.8, 0.25, "size");
  assert.ok(Math.abs(pulls.up - 0.3) < 1e-12 && Math.abs(pulls.down - 0.025) < 1e-12);
  assert.deepEqual(balance.pulls([0, 1, 2], [0.25, 0.5, 0.25], 0.5, 1, "sign"), { up: 0.125, down: 0.125 });
  const { values, weights, taus } = oracle.statistics;
  for (const tau of taus) {
    const { up, down } = balance.pulls(values, weights, tau, balance.rest(values, weights, tau, "size"), "size");
    assert.ok(Math.abs(up - down) < 1e-9);
  }
  assert.equal(balance.rest([0, 1, 2], [1, 1, 1], 0.5, "sign"), 1);
});

test("TD learning, moment by moment, is that of the package", () => {
  const { task, rate, water, errors, values } = oracle.learning;
  let learner = td.newborn(task);
  water.forEach((given, trial) => {
    learner = td.finish(learner, task, rate, given);
    assert.equal(learner.trial, trial + 1);
    close(learner.errors, errors[trial], 1e-12, `errors of trial ${trial}`);
  });
  close(learner.values.slice(task.cue), values, 1e-12, "values");
});

test("a step of TD changes one prediction, and not the learner it came from", () => {
  const task = { n_times: 4, cue: 1, reward_at: 3, discount: 1 };
  let learner = td.newborn(task);
  for (let i = 0; i < 3; i++) learner = td.advance(learner, task, 0.5, true);
  const before = JSON.stringify(learner);
  const after = td.advance(learner, task, 0.5, true);
  assert.equal(JSON.stringify(learner), before);
  assert.deepEqual(after.values, [0, 0, 0.5, 0]);
  assert.deepEqual(after.sum, { reward: 1, now: 0, then: 0 });
  // Whether water comes is decided when a trial begins.
  assert.equal(td.advance(after, task, 0.5, false).water, false);
  assert.equal(td.advance(learner, task, 0.5, false).water, true);
});

test("a population learns as that of the package does", () => {
  const { taus, rate, rewards } = oracle.population;
  for (const felt of ["size", "sign"]) {
    const predictions = taus.map(() => 0);
    for (const reward of rewards) population.learn(predictions, reward, taus, rate, felt);
    close(predictions, oracle.population[felt], 1e-9, felt);
  }
});

test("rewards are drawn in proportion to their heights", () => {
  assert.deepEqual([0, 0.24, 0.26, 0.99].map((u) => population.draw([0.5, 0, 1.5], u)), [0, 0, 2, 2]);
});

test("a cell is described by its bent line and its gap", () => {
  const cell = { reversal_point: 1, slope_above: 2, slope_below: 0.5 };
  assert.deepEqual([picking.bent(cell, 3), picking.bent(cell, 1), picking.bent(cell, -1)], [4, 0, -1]);
  assert.deepEqual(picking.between([-1, 0, 2], 0.5), [1, 2]);
  assert.deepEqual(picking.spaced([0, 0.1, 0.5, 0.55, 2], 0.4), [0, 2, 4]);
});

test("reversal points are those of the counting estimator", () => {
  const { axis, counts, points } = oracle.cells;
  const found = counts.map((sizes) => splitting.reversalPoint(sizes, axis, () => 0));
  assert.deepEqual(found.map(Number.isNaN), points.map((point) => point === null));
  close(found.map((e) => e || 0), points.map((e) => e || 0), 1e-12, "points");
  assert.ok(points.some((point) => point === null) && points.some((point) => point !== null));
});

test("halves hold every trial once, and are dealt at random", () => {
  const uniform = common.random(3);
  let above = 0;
  for (let k = 0; k < 3000; k++) {
    const [first, second] = splitting.dealHalves([9, 4, 3], uniform);
    assert.deepEqual(first.map((count, i) => count + second[i]), [9, 4, 3]);
    assert.equal(first[0], 4);
    assert.ok(first.every((count) => count >= 0) && second.every((count) => count >= 0));
    above += first[1];
  }
  assert.ok(Math.abs(above / 3000 - (4 * 4) / 9) < 0.06);  // mean of the hypergeometric distribution
});

test("splits differ, give the same for the same seed, and lose their correlation when shuffled", () => {
  const { axis, counts } = oracle.cells;
  const many = (seed, how) => {
    const uniform = common.random(seed);
    return Array.from({ length: 60 }, () => how(splitting.split(counts, axis, uniform, 1e-3), uniform).r);
  };
  const same = many(1, (found) => found);
  assert.deepEqual(same, many(1, (found) => found));
  assert.ok(new Set(same).size > 50);
  const mean = (list) => list.reduce((a, b) => a + b) / list.length;
  assert.ok(mean(same) > 0.5, `mean ${mean(same)}`);
  assert.ok(Math.abs(mean(many(1, splitting.shuffled))) < 0.1);
});

test("imputation is that of the package, to a billionth of a probability", () => {
  const { support, points, taus, cases } = oracle.imputations;
  for (const { n, smoothness, weights } of cases) {
    const found = decoding.impute(points.slice(0, n), taus.slice(0, n), support, smoothness);
    close(found, weights, 1e-9, `${n} cells, smoothness ${smoothness}`);
    assert.ok(found.every((p) => p >= 0));
    assert.ok(Math.abs(found.reduce((a, b) => a + b) - 1) < 1e-12);
  }
});

test("without smoothness, points that agree with each other are met exactly", () => {
  const { support, points, taus } = oracle.imputations;
  for (const n of [1, 2]) {
    const found = decoding.impute(points.slice(0, n), taus.slice(0, n), support, 0);
    close(taus.slice(0, n).map((tau) => common.expectile(support, found, tau)), points.slice(0, n), 1e-6, `${n} cells`);
  }
});

test("non-negative least squares on a case by hand", () => {
  // Without the bound the second unknown would be -1; with it, the first is the mean of 2 and 1.
  close([...decoding.nnls([[1, 0], [1, 1]], [2, 1])], [1.5, 0], 1e-12);
  close(decoding.evenly(0, 1, 3), [0, 0.5, 1], 0);
});
