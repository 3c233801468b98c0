// One neuron at a time: its mean responses, its reversal point, and its place among the others.
(function () {
  "use strict";
  const common = typeof module !== "undefined" ? require("./common.js") : window.PaperWidgets;
  const { format, svg, chart, ticks, line } = common;

  /** The bent line of a cell: its slopes above and below, through zero at its reversal point. */
  function bent(cell, u) {
    const distance = u - cell.reversal_point;
    return distance * (distance > 0 ? cell.slope_above : cell.slope_below);
  }

  /** The two sizes between which a reversal point lies, by their index; the first is -1 below all sizes. */
  function between(axis, point) {
    const above = axis.findIndex((u) => u > point);
    return above < 0 ? [axis.length - 1, axis.length] : [above - 1, above];
  }

  /** Indices of the sizes whose labels have room: each at least `room` beyond the one before. */
  function spaced(axis, room) {
    const kept = [];
    axis.forEach((u, i) => { if (!kept.length || u - axis[kept[kept.length - 1]] >= room) kept.push(i); });
    return kept;
  }

  function start(shop, data) {
    const { axis, cells, volumes } = data;
    const n = cells.length;
    const first = axis[0], last = axis[axis.length - 1];
    const within = cells.map((_, k) => k).filter((k) => cells[k].reversal_point !== null);
    let chosen = within[Math.floor(within.length / 2)] || 0;
    let strip = null;

    const slider = shop.slider("neuron", { min: 1, max: n, step: 1, value: chosen + 1, show: (k) => `${k} of ${n}`, act: (k) => pick(k - 1) });
    shop.button("Previous", () => pick(Math.max(0, chosen - 1)));
    shop.button("Next", () => pick(Math.min(n - 1, chosen + 1)));
    shop.onPress((px, py) => {
      if (!strip || py < strip.top - 10 || py > strip.bottom + 10 || px < strip.left - 10 || px > strip.left + strip.width + 10) return;
      pick(Math.min(n, Math.max(1, Math.round(strip.unX(px)))) - 1);
    }, { drag: true });

    function pick(k) {
      chosen = k;
      slider.set(k + 1);
      shop.redraw();
      const cell = cells[k];
      const good = cell.mean.filter((response) => response > 0).length;
      const where = cell.reversal_point === null
        ? (cell.place < 0 ? "above baseline on most trials of every size: no reversal point" : "below baseline on most trials of every size: no reversal point")
        : `reversal point ${format(cell.reversal_point, 2)} Hz, between ${between(axis, cell.reversal_point).map((i) => volumes[i]).join(" and ")} \u00b5L`;
      const tau = cell.asymmetry === null ? "" : `; asymmetry \u03c4 ${format(cell.asymmetry, 2)}`;
      shop.say(`Neuron ${k + 1} of ${n} in order: ${where}${tau}. Mean response above baseline to ${good} of the ${axis.length} sizes.`);
    }

    shop.onDraw((wide, high) => {
      const parts = [];
      const into = { append: (...nodes) => parts.push(...nodes) };
      const side = wide >= 560;
      const left = { left: 46, top: 26, width: side ? wide * 0.5 - 60 : wide - 60, height: side ? high - 74 : high * 0.52 - 74 };
      const right = side
        ? { left: wide * 0.5 + 50, top: 26, width: wide * 0.5 - 64, height: high - 74 }
        : { left: 46, top: high * 0.52 + 26, width: wide - 60, height: high * 0.48 - 74 };
      const cell = cells[chosen];
      const span = Math.max(...cell.mean.map((response, i) => Math.abs(response) + cell.error[i]), 1) * 1.08;
      const step = span > 12 ? 10 : span > 5 ? 4 : span > 2 ? 2 : 1;
      const labelled = spaced(axis, (last - first) * 26 / left.width);
      const tuning = chart(into, left, {
        x: [first - 0.5, last + 0.5], y: [-span, span], yTicks: ticks([-step, 0, step]),
        xTicks: axis.map((u, i) => [u, labelled.includes(i) ? String(volumes[i]) : ""]),
        xLabel: "reward (\u00b5L, placed by utility)", yLabel: "mean response (Hz), standard error",
      });
      parts.push(svg("path", { class: "pw-axis", d: `M${tuning.left},${tuning.y(0)}h${tuning.width}` }));
      if (cell.reversal_point !== null) {
        parts.push(svg("path", { class: "pw-line", stroke: "var(--pw-published)", d: `M${tuning.x(cell.reversal_point)},${tuning.top}V${tuning.bottom}` }));
        if (cell.slope_above !== null && cell.slope_below !== null) {
          const fit = [first, cell.reversal_point, last].map((u) => [tuning.x(u), tuning.y(Math.max(-span, Math.min(span, bent(cell, u))))]);
          parts.push(svg("path", { class: "pw-line pw-thin", stroke: "var(--pw-distributional)", "stroke-dasharray": "5 4", d: line(fit) }));
        }
      }
      axis.forEach((u, i) => {
        const colour = `var(--pw-${cell.mean[i] > 0 ? "better" : "worse"})`;
        const x = tuning.x(u), y = tuning.y(cell.mean[i]);
        parts.push(svg("path", { class: "pw-line pw-thin", stroke: colour, d: `M${x},${tuning.y(cell.mean[i] - cell.error[i])}V${tuning.y(cell.mean[i] + cell.error[i])}` }));
        const tip = cell.mean[i] > 0 ? -7 : 7;
        parts.push(svg("path", { class: "pw-mark", d: `M${x},${y + tip}l6,${-1.6 * tip}h-12z`, ...shop.mark(colour) }));
      });

      strip = chart(into, right, {
        x: [0, n + 1], y: [first - 0.6, last + 0.6], xTicks: ticks([1, Math.round(n / 2), n]), yTicks: ticks([-2, 0, 2, 4, 6, 8]),
        xLabel: "neurons, in order of reversal point", yLabel: "reversal point (Hz)",
      });
      parts.push(svg("path", { class: "pw-guide", d: `M${strip.left},${strip.y(0)}h${strip.width}` }));
      cells.forEach((one, k) => {
        const x = strip.x(k + 1);
        const y = strip.y(one.reversal_point !== null ? one.reversal_point : one.place < 0 ? first : last);
        if (one.reversal_point === null) {
          const tip = one.place < 0 ? 6 : -6;
          parts.push(svg("path", { class: "pw-mark", d: `M${x},${y + tip}l5,${-1.6 * tip}h-10z`, ...shop.mark("var(--pw-recorded)") }));
        } else {
          parts.push(svg("circle", { class: "pw-mark", cx: x, cy: y, r: 3.5, ...shop.mark("var(--pw-recorded)") }));
        }
        if (k === chosen) parts.push(svg("circle", { class: "pw-ring", cx: x, cy: y, r: 10 }));
      });
      return parts;
    });
    pick(chosen);
  }

  common.widget("pick-a-cell", "One neuron's responses, its reversal point and its place among the others", start);
  if (typeof module !== "undefined") module.exports = { bent, between, spaced };
})();
