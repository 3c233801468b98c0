// Deal the trials into two halves again and again, and watch the correlation move.
//
// The counting estimator asks of a trial only whether its response is above zero or below, so the page carries
// for each neuron and size three counts: trials, responses above zero, responses below.
(function () {
  "use strict";
  const common = typeof module !== "undefined" ? require("./common.js") : window.PaperWidgets;
  const { format, random, normal, correlation, svg, chart, ticks } = common;

  /** Deal the trials of one size at random: the counts of one half, rounded down, and of the other. */
  function dealHalves([trials, above, below], uniform) {
    const half = Math.floor(trials / 2);
    const first = [half, 0, 0];
    let left = trials, leftAbove = above, leftBelow = below;
    for (let i = 0; i < half; i++) {
      const ball = uniform() * left;
      if (ball < leftAbove) { first[1] += 1; leftAbove -= 1; }
      else if (ball < leftAbove + leftBelow) { first[2] += 1; leftBelow -= 1; }
      left -= 1;
    }
    return [first, [trials - half, leftAbove, leftBelow]];
  }

  /** Reversal point by the cut with most trials on the proper side; NaN if that is below or above all sizes. */
  function reversalPoint(sizes, axis, noise) {
    let right = sizes.reduce((sum, [, above]) => sum + above, 0);
    const criterion = [right + noise()];
    for (const [, above, below] of sizes) {
      right += below - above;
      criterion.push(right + noise());
    }
    const best = criterion.indexOf(Math.max(...criterion));
    if (best === 0 || best === axis.length) return NaN;
    const fallBelow = criterion[best] - criterion[best - 1];
    const fallAbove = criterion[best] - criterion[best + 1];
    const share = fallBelow + fallAbove === 0 ? 0.5 : fallAbove / (fallBelow + fallAbove);
    return share * axis[best - 1] + (1 - share) * axis[best];
  }

  /** One random split of every neuron's trials: both estimates, and their correlation over the neurons. */
  function split(cells, axis, uniform, tieNoise) {
    const noise = () => tieNoise * normal(uniform);
    const first = [], second = [];
    for (const sizes of cells) {
      const halves = sizes.map((counts) => dealHalves(counts, uniform));
      const points = [0, 1].map((side) => reversalPoint(halves.map((pair) => pair[side]), axis, noise));
      const both = points.every(Number.isFinite);
      first.push(both ? points[0] : NaN);
      second.push(both ? points[1] : NaN);
    }
    return { first, second, r: correlation(first, second), n: first.filter(Number.isFinite).length };
  }

  /** The same with the neurons of the second half shuffled: what is left when no neuron is held against itself. */
  function shuffled(found, uniform) {
    const kept = found.first.map((_, i) => i).filter((i) => Number.isFinite(found.first[i]));
    const dealt = kept.slice();
    for (let i = dealt.length - 1; i > 0; i--) {
      const j = Math.floor(uniform() * (i + 1));
      [dealt[i], dealt[j]] = [dealt[j], dealt[i]];
    }
    const second = found.second.slice();
    kept.forEach((i, k) => { second[i] = found.second[dealt[k]]; });
    return { ...found, second, r: correlation(found.first, second) };
  }

  function start(shop, data) {
    const uniform = random(data.seed);
    const { axis } = data;
    const low = -0.7, bins = 68, step = 0.025;
    const rs = { same: [], shuffled: [] };
    let found = null, mode = "same";

    shop.button("Split again", () => again(1));
    shop.button("A hundred splits", () => again(100));
    shop.button("Start again", () => { rs.same = []; rs.shuffled = []; again(1); });
    shop.choice("each neuron is held against", [["same", "itself"], ["shuffled", "any other (shuffled)"]], (to) => {
      mode = to;
      again(1);
    });

    function again(count) {
      for (let k = 0; k < count; k++) {
        found = split(data.counts, axis, uniform, data.tie_noise);
        if (mode === "shuffled") found = shuffled(found, uniform);
        if (Number.isFinite(found.r)) rs[mode].push(found.r);
      }
      shop.redraw();
      const made = rs[mode].slice().sort((a, b) => a - b);
      const over = made.length > 1 ? ` Over ${made.length} splits: from ${format(made[0], 2)} to ${format(made[made.length - 1], 2)}, median ${format(made[Math.floor(made.length / 2)], 2)}.` : "";
      const whom = mode === "same" ? "" : ", neurons shuffled";
      shop.say(`R = ${format(found.r, 2)} in this split, over ${found.n} neurons${whom}.${over}`);
    }

    shop.onDraw((wide, high) => {
      const parts = [];
      const into = { append: (...nodes) => parts.push(...nodes) };
      const side = wide >= 560;
      const size = side ? Math.min(wide * 0.42 - 40, high - 74) : Math.min(wide - 90, high * 0.56 - 74);
      const ends = [axis[0] - 0.3, axis[axis.length - 2] + 1.5];
      const places = ticks([-2, 0, 2, 4]);
      const left = chart(into, { left: 46, top: 26, width: size, height: size }, { x: ends, y: ends, xTicks: places, yTicks: places, xLabel: "first half (Hz)", yLabel: "reversal point, second half (Hz)" });
      parts.push(svg("path", { class: "pw-guide", d: `M${left.x(ends[0])},${left.y(ends[0])}L${left.x(ends[1])},${left.y(ends[1])}` }));
      const inside = (value) => Math.min(ends[1], value);
      found.first.forEach((x, i) => {
        if (!Number.isFinite(x)) return;
        parts.push(svg("circle", { class: "pw-mark", cx: left.x(inside(x)), cy: left.y(inside(found.second[i])), r: 4, ...shop.mark("var(--pw-recorded)") }));
      });
      const box = side ? { left: size + 110, top: 26, width: wide - size - 124, height: size } : { left: 46, top: size + 110, width: wide - 60, height: high - size - 158 };
      const count = (list) => {
        const bars = new Array(bins).fill(0);
        for (const r of list) bars[Math.min(bins - 1, Math.max(0, Math.floor((r - low) / step)))] += 1;
        return bars;
      };
      const counted = { same: count(rs.same), shuffled: count(rs.shuffled) };
      const most = Math.max(4, ...counted.same, ...counted.shuffled);
      const right = chart(into, box, { x: [low, 1], y: [0, most * 1.1], xTicks: ticks([-0.5, 0, 0.5, 1], 1), yTicks: ticks([0, most]), xLabel: "R, the correlation of the halves", yLabel: "splits made here" });
      for (const [name, colour] of [["shuffled", "classical"], ["same", "recorded"]]) {
        counted[name].forEach((n, i) => {
          if (!n) return;
          const x = right.x(low + i * step), width = right.x(low + (i + 1) * step) - x;
          const mark = name === "same" ? shop.mark(`var(--pw-${colour})`) : { stroke: `var(--pw-${colour})`, fill: "none" };
          parts.push(svg("rect", { class: "pw-column", x, width, y: right.y(n), height: right.bottom - right.y(n), ...mark }));
        });
      }
      if (Number.isFinite(found.r)) {
        parts.push(svg("path", { class: "pw-line", stroke: "var(--pw-distributional)", d: `M${right.x(found.r)},${right.top}V${right.bottom}` }));
        const flip = found.r > 0.5;
        parts.push(svg("text", { class: "pw-name", x: right.x(found.r) + (flip ? -5 : 5), y: right.top + 10, "text-anchor": flip ? "end" : "start", fill: "var(--pw-distributional)", text: `this split: ${format(found.r, 2)}` }));
      }
      return parts;
    });
    again(1);
  }

  common.widget("resplit-trials", "Split each neuron's trials at random, and correlate the halves", start);
  if (typeof module !== "undefined") module.exports = { dealHalves, reversalPoint, split, shuffled };
})();
