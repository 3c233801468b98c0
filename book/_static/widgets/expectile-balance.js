// Where good and bad news balance: turn the asymmetry, move the prediction, let it come to rest.
(function () {
  "use strict";
  const common = typeof module !== "undefined" ? require("./common.js") : window.PaperWidgets;
  const { format, expectile, quantile, svg, chart, ticks, line } = common;

  /** Average pull up and down on a prediction v, with alpha+ = tau and alpha- = 1 - tau. */
  function pulls(values, weights, tau, v, felt) {
    let up = 0, down = 0;
    for (let i = 0; i < values.length; i++) {
      const surprise = values[i] - v;
      const size = felt === "size" ? Math.abs(surprise) : 1;
      if (surprise > 0) up += weights[i] * size;
      else if (surprise < 0) down += weights[i] * size;
    }
    return { up: tau * up, down: (1 - tau) * down };
  }

  /** Where pulls balance: the expectile if the size of errors is felt, the quantile if only their sign is. */
  function rest(values, weights, tau, felt) {
    return (felt === "size" ? expectile : quantile)(values, weights, tau);
  }

  function start(shop, data) {
    const weights = data.weights;
    const values = weights.map((_, i) => data.first + i * data.step);
    const end = values[values.length - 1];
    const width = { size: data.tallest_pull, sign: 1 };
    const state = { tau: 0.5, felt: "size", v: 0, resting: true };
    let handle = null;

    const tauSlider = shop.slider("asymmetry \u03c4", {
      min: 0.02, max: 0.98, step: 0.01, value: state.tau, show: (tau) => format(tau, 2),
      act: (tau) => { state.tau = tau; update(); },
    });
    const vSlider = shop.slider("prediction V", {
      min: 0, max: end, step: 0.05, value: 0, show: (v) => `${format(v, 2)} units`,
      act: (v) => { state.v = v; state.resting = false; update(); },
    });
    shop.choice("errors are felt by", [["size", "their size"], ["sign", "their sign alone"]], (felt) => { state.felt = felt; update(); });
    shop.button("Let it come to rest", () => { state.resting = true; update(); });
    shop.onPress((px) => {
      if (!handle) return;
      state.v = Math.min(end, Math.max(0, handle.unX(px)));
      state.resting = false;
      update();
    }, { drag: true });

    function update() {
      const place = rest(values, weights, state.tau, state.felt);
      if (state.resting) state.v = place;
      tauSlider.set(state.tau);
      vSlider.set(state.v);
      shop.redraw();
      const { up, down } = pulls(values, weights, state.tau, state.v, state.felt);
      const name = state.felt === "size" ? "expectile" : "quantile";
      const at = `With \u03c4 = ${format(state.tau, 2)}, `;
      // Where only signs count, the pulls jump at a reward, and balance there without being equal.
      const balanced = Math.abs(state.v - place) < 0.03;
      shop.say(balanced
        ? `${at}the prediction rests at ${format(state.v, 2)} units, the ${name}: pull up ${format(up, 2)}, pull down ${format(down, 2)}.`
        : `${at}at ${format(state.v, 2)} units the pull up is ${format(up, 2)} and the pull down ${format(down, 2)}: the prediction will ${up > down ? "rise" : "fall"} to ${format(place, 2)}.`);
    }

    shop.onDraw((wide, high) => {
      const parts = [];
      const into = { append: (...nodes) => parts.push(...nodes) };
      const box = { left: 46, width: wide - 60 };
      const peak = Math.max(...weights);
      const top = chart(into, { ...box, top: 24, height: high * 0.36 - 24 }, { x: [0, end], y: [0, peak * 1.25], yLabel: "how often each reward comes" });
      const low = chart(into, { ...box, top: high * 0.36 + 34, height: high * 0.64 - 80 }, {
        x: [0, end], y: [0, width[state.felt]], xTicks: ticks(data.ticks), xLabel: "prediction V (units of reward)",
        yTicks: state.felt === "size" ? ticks([0, 4, 8]) : ticks([0, 0.5, 1], 1),
        yLabel: state.felt === "size" ? "average pull (units)" : "average pull (share of rewards)",
      });
      handle = top;
      const hump = line(values.map((x, i) => [top.x(x), top.y(weights[i])]));
      parts.push(svg("path", { class: "pw-simulated-area", d: `${hump}L${top.x(end)},${top.bottom}H${top.x(0)}Z` }));
      const curve = (side) => line(values.map((x) => [low.x(x), low.y(Math.min(width[state.felt], pulls(values, weights, state.tau, x, state.felt)[side]))]));
      parts.push(svg("path", { class: "pw-line", stroke: "var(--pw-better)", d: curve("up") }));
      parts.push(svg("path", { class: "pw-line", stroke: "var(--pw-worse)", "stroke-dasharray": "6 4", d: curve("down") }));
      parts.push(svg("text", { class: "pw-name", x: low.x(0) + 6, y: low.top + 12, fill: "var(--pw-better)", text: "up (solid)" }));
      parts.push(svg("text", { class: "pw-name", x: low.x(end) - 2, y: low.top + 12, "text-anchor": "end", fill: "var(--pw-worse)", text: "down (broken)" }));

      const { up, down } = pulls(values, weights, state.tau, state.v, state.felt);
      const x = top.x(state.v);
      parts.push(svg("path", { class: "pw-guide", d: `M${x},${top.top}V${low.bottom}` }));
      const middle = top.top + (top.bottom - top.top) * 0.16;
      const longest = box.width * 0.45;
      for (const [pull, side, colour] of [[up, 1, "better"], [down, -1, "worse"]]) {
        const length = 8 + longest * Math.min(1, pull / width[state.felt]);
        const tip = x + side * length;
        parts.push(svg("path", { class: "pw-arrow", stroke: `var(--pw-${colour})`, d: `M${x},${middle}H${tip}m${-7 * side},-6l${7 * side},6l${-7 * side},6` }));
      }
      parts.push(svg("circle", { class: "pw-mark", cx: x, cy: top.bottom, r: 8, stroke: "var(--pw-ink)", fill: "var(--pw-paper)" }));
      const place = rest(values, weights, state.tau, state.felt);
      const height = pulls(values, weights, state.tau, place, state.felt).up;
      parts.push(svg("circle", { class: "pw-mark", cx: low.x(place), cy: low.y(height), r: 6, stroke: "var(--pw-ink)", fill: "var(--pw-paper)" }));
      return parts;
    });
    update();
  }

  common.widget("expectile-balance", "Where the pull of good and of bad news balance", start);
  if (typeof module !== "undefined") module.exports = { pulls, rest };
})();
