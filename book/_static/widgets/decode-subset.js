// Read a distribution out of any subset of the neurons, by the convex and the smooth route of the book's Python.
(function () {
  "use strict";
  const common = typeof module !== "undefined" ? require("./common.js") : window.PaperWidgets;
  const { format, expectile, wasserstein, random, svg, chart, ticks, line } = common;

  /**
   * The equations whose least squares, without negative solutions, impute a distribution on `support`.
   *
   * Without smoothness this is the convex route of the book's Python, with it the smooth one.
   */
  function equations(points, taus, support, smoothness) {
    const m = support.length, k = points.length;
    const first = support[0], last = support[m - 1];
    const span = Math.max(...points, last) - Math.min(...points, first) || 1;
    const rows = points.map((e, i) => support.map((x) => (-0.5 * (x > e ? taus[i] : 1 - taus[i]) * (x - e)) / span / Math.sqrt(k)));
    // Second derivatives of the density, on a support of length one.
    const at = support.map((x) => (x - first) / (last - first));
    const cells = at.map((x, j) => (j === 0 ? at[1] - x : j === m - 1 ? x - at[j - 1] : (at[j + 1] - at[j - 1]) / 2));
    for (let j = 1; j < m - 1 && smoothness > 0; j++) {
      const down = 1 / ((at[j] - at[j - 1]) * cells[j]), up = 1 / ((at[j + 1] - at[j]) * cells[j]);
      const row = new Array(m).fill(0);
      const scale = Math.sqrt(smoothness * cells[j]);
      row[j - 1] = (scale * down) / cells[j - 1];
      row[j] = (-scale * (down + up)) / cells[j];
      row[j + 1] = (scale * up) / cells[j + 1];
      rows.push(row);
    }
    rows.push(new Array(m).fill(1));
    return rows;
  }

  /** Solve G z = h for the unknowns in `set`, G symmetric and positive, by Cholesky's method. */
  function solve(G, h, set) {
    const n = set.length;
    const L = set.map(() => new Float64Array(n));
    const z = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = G[set[i]][set[j]];
        for (let l = 0; l < j; l++) sum -= L[i][l] * L[j][l];
        L[i][j] = i === j ? Math.sqrt(Math.max(sum, 1e-300)) : sum / L[j][j];
      }
      let sum = h[set[i]];
      for (let l = 0; l < i; l++) sum -= L[i][l] * z[l];
      z[i] = sum / L[i][i];
    }
    for (let i = n - 1; i >= 0; i--) {
      for (let l = i + 1; l < n; l++) z[i] -= L[l][i] * z[l];
      z[i] /= L[i][i];
    }
    return z;
  }

  /** Non-negative least squares |A p - b| by the active sets of Lawson and Hanson, on the normal equations. */
  function nnls(A, b) {
    const m = A[0].length;
    const G = Array.from({ length: m }, () => new Float64Array(m));
    const h = new Float64Array(m);
    A.forEach((row, r) => {
      for (let i = 0; i < m; i++) {
        h[i] += row[i] * b[r];
        for (let j = 0; j <= i; j++) G[i][j] += row[i] * row[j];
      }
    });
    for (let i = 0; i < m; i++) for (let j = 0; j < i; j++) G[j][i] = G[i][j];
    const p = new Float64Array(m);
    const passive = new Array(m).fill(false);
    const tolerance = 1e-12 * Math.max(...h);
    for (let turn = 0; turn < 10 * m; turn++) {
      let enter = -1, steepest = tolerance;
      for (let i = 0; i < m; i++) {
        if (passive[i]) continue;
        let slope = h[i];
        for (let j = 0; j < m; j++) slope -= G[i][j] * p[j];
        if (slope > steepest) { steepest = slope; enter = i; }
      }
      if (enter < 0) break;
      passive[enter] = true;
      for (;;) {
        const set = [];
        for (let i = 0; i < m; i++) if (passive[i]) set.push(i);
        const z = solve(G, h, set);
        let share = 1, leave = -1;
        set.forEach((i, l) => {
          if (z[l] <= 0 && p[i] / (p[i] - z[l]) < share) { share = p[i] / (p[i] - z[l]); leave = i; }
        });
        set.forEach((i, l) => { p[i] += share * (z[l] - p[i]); });
        if (leave < 0) break;
        for (const i of set) if (p[i] <= 1e-15 || i === leave) { p[i] = 0; passive[i] = false; }
      }
    }
    return p;
  }

  /** Probabilities on `support` of the distribution with, as nearly as possible, these expectiles. */
  function impute(points, taus, support, smoothness) {
    const rows = equations(points, taus, support, smoothness);
    const right = rows.map((_, i) => (i === rows.length - 1 ? 1 : 0));
    const found = nnls(rows, right);
    const total = found.reduce((sum, p) => sum + p, 0);
    return Array.from(found, (p) => p / total);
  }

  const evenly = (first, last, n) => Array.from({ length: n }, (_, i) => first + ((last - first) * i) / (n - 1));

  function start(shop, data) {
    const { axis, probabilities, volumes } = data;
    const support = evenly(axis[0], axis[axis.length - 1], data.n_support);
    const uniform = random(data.seed);
    let pairs = data.pairs[0];
    let penalty = 0, usable, chosen, current = 0, decoded, distance, scatter = null;

    function only(rule) {
      chosen = new Set(usable.filter(rule));
      if (!chosen.size) chosen.add(usable[0]);
      update();
    }
    function use(which) {
      pairs = data.pairs[which];
      usable = pairs.taus.map((_, i) => i).filter((i) => pairs.taus[i] !== null && pairs.points[i] !== null);
      usable.sort((i, j) => pairs.taus[i] - pairs.taus[j]);
      chosen = new Set(usable);
      current = 0;
    }
    use(0);
    shop.button("All neurons", () => only(() => true));
    shop.button("Every other", () => { const places = new Set(usable.filter((_, k) => k % 2)); only((i) => places.has(i)); });
    shop.button("Ten at random", () => {
      const left = usable.slice(), ten = new Set();
      while (ten.size < 10 && left.length) ten.add(left.splice(Math.floor(uniform() * left.length), 1)[0]);
      only((i) => ten.has(i));
    });
    shop.button("Pessimists", () => only((i) => pairs.taus[i] < 0.5));
    shop.button("Optimists", () => only((i) => pairs.taus[i] > 0.5));
    const slider = shop.slider("neuron, by \u03c4", {
      min: 1, max: usable.length, step: 1, value: 1,
      show: (k) => `${k} of ${usable.length}: ${chosen.has(usable[k - 1]) ? "in" : "out"}`,
      act: (k) => { current = k - 1; shop.redraw(); },
    });
    shop.button("Take it in or out", () => toggle(usable[current]));
    shop.choice("preference for smooth answers", data.penalties.map((one, i) => [i, one.name]), (which) => { penalty = which; update(); });
    if (data.pairs.length > 1) {
      shop.choice("both numbers come from", data.pairs.map((one, i) => [i, one.name]), (which) => {
        use(which);
        slider.input.max = usable.length;
        slider.set(1);
        update();
      });
    }
    shop.onPress((px, py) => {
      if (!scatter) return;
      let nearest = -1, least = 24;
      usable.forEach((i, k) => {
        const away = Math.hypot(scatter.x(pairs.taus[i]) - px, scatter.y(pairs.points[i]) - py);
        if (away < least) { least = away; nearest = k; }
      });
      if (nearest >= 0) {
        current = nearest;
        toggle(usable[nearest]);
      }
    });
    function toggle(i) {
      if (!chosen.delete(i)) chosen.add(i);
      if (!chosen.size) chosen.add(i);  // one neuron at least must speak
      update();
    }

    function update() {
      const set = usable.filter((i) => chosen.has(i));
      decoded = impute(set.map((i) => pairs.points[i]), set.map((i) => pairs.taus[i]), support, data.penalties[penalty].smoothness);
      distance = wasserstein(support, decoded, axis, probabilities);
      slider.set(current + 1);
      shop.redraw();
      const taste = data.penalties[penalty].name;
      shop.say(`From ${set.length} of ${usable.length} neurons (${pairs.name}; preference for smooth answers: ${taste}): ${format(distance, 2)} Hz from the true rewards. The Gaussian, for which no neuron is needed: ${format(data.gaussian, 2)} Hz.`);
    }

    shop.onDraw((wide, high) => {
      const parts = [];
      const into = { append: (...nodes) => parts.push(...nodes) };
      const side = wide >= 560;
      const low = axis[0] - 0.4, top = axis[axis.length - 1] + 0.4;
      const left = { left: 46, top: 26, width: side ? wide * 0.5 - 66 : wide - 60, height: side ? high - 74 : high * 0.5 - 74 };
      const right = side
        ? { left: wide * 0.5 + 46, top: 26, width: wide * 0.5 - 60, height: high - 74 }
        : { left: 46, top: high * 0.5 + 26, width: wide - 60, height: high * 0.5 - 74 };
      scatter = chart(into, left, { x: [0, 1], y: [low, top], xTicks: ticks([0, 0.5, 1], 1), yTicks: ticks([-2, 0, 2, 4, 6, 8]), xLabel: "asymmetry \u03c4 (press a neuron)", yLabel: "reversal point (Hz)" });
      const orders = evenly(0.02, 0.98, 49);
      const curve = (values, weights) => line(orders.map((tau) => [scatter.x(tau), scatter.y(expectile(values, weights, tau))]));
      parts.push(svg("path", { class: "pw-line pw-broad", stroke: "var(--pw-line)", d: curve(axis, probabilities) }));
      parts.push(svg("path", { class: "pw-line", stroke: "var(--pw-distributional)", d: curve(support, decoded) }));
      usable.forEach((i, k) => {
        const cx = scatter.x(pairs.taus[i]), cy = scatter.y(Math.min(top, Math.max(low, pairs.points[i])));
        if (chosen.has(i)) parts.push(svg("circle", { class: "pw-mark", cx, cy, r: 5, ...shop.mark("var(--pw-recorded)") }));
        else parts.push(svg("path", { class: "pw-out", d: `M${cx - 4},${cy - 4}l8,8m0,-8l-8,8` }));
        if (k === current) parts.push(svg("circle", { class: "pw-ring", cx, cy, r: 10 }));
      });
      const functions = chart(into, right, {
        x: [low, top], y: [0, 1.02], yTicks: ticks([0, 0.5, 1], 1), xLabel: "reward (\u00b5L, placed by utility)", yLabel: "share of rewards up to here",
        xTicks: axis.map((u, i) => [u, i === 0 || i > 2 ? String(volumes[i]) : ""]),
      });
      const steps = (values, weights) => {
        let sum = 0;
        const corners = [[functions.x(low), functions.y(0)]];
        values.forEach((x, i) => { sum += weights[i]; corners.push([functions.x(x), functions.y(sum)]); });
        return line([...corners, [functions.x(top), functions.y(1)]], true);
      };
      parts.push(svg("path", { class: "pw-line pw-broad", stroke: "var(--pw-line)", d: steps(axis, probabilities) }));
      parts.push(svg("path", { class: "pw-line", stroke: "var(--pw-distributional)", "stroke-dasharray": data.kind === "simulated" ? "8 3" : null, d: steps(support, decoded) }));
      const name = { class: "pw-name", x: functions.left + functions.width - 2, "text-anchor": "end" };
      parts.push(svg("text", { ...name, y: functions.bottom - 26, fill: "var(--pw-distributional)", text: "decoded" }));
      parts.push(svg("text", { ...name, y: functions.bottom - 9, fill: "var(--pw-quiet)", text: "rewards (broad)" }));
      return parts;
    });
    update();
  }

  common.widget("decode-subset", "Read the distribution of rewards out of any subset of the neurons", start);
  if (typeof module !== "undefined") module.exports = { equations, nnls, impute, evenly };
})();
