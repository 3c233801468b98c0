// A population that learns the distribution its reader draws, from rewards and nothing else.
(function () {
  "use strict";
  const common = typeof module !== "undefined" ? require("./common.js") : window.PaperWidgets;
  const { format, expectile, quantile, random, svg, chart, ticks, line, temperament } = common;

  /** The index of a reward drawn from heights, which need not sum to one, by a number in [0, 1). */
  function draw(heights, uniform) {
    let left = uniform * heights.reduce((sum, height) => sum + height, 0);
    for (let i = 0; i < heights.length; i++) {
      left -= heights[i];
      if (left < 0) return i;
    }
    return heights.length - 1;
  }

  /** Have every unit learn from one reward, in place: rates 2 rate tau up and 2 rate (1 - tau) down. */
  function learn(predictions, reward, taus, rate, felt) {
    for (let i = 0; i < taus.length; i++) {
      const error = reward - predictions[i];
      const alpha = 2 * rate * (error > 0 ? taus[i] : 1 - taus[i]);
      predictions[i] += alpha * (felt === "size" ? error : Math.sign(error));
    }
    return predictions;
  }

  const SHAPES = [
    ["One hump", (share) => Math.exp(-0.5 * ((share - 0.5) / 0.15) ** 2)],
    ["Two humps", (share) => Math.exp(-0.5 * ((share - 0.22) / 0.08) ** 2) + Math.exp(-0.5 * ((share - 0.8) / 0.08) ** 2)],
    ["A long tail", (share) => Math.exp(-share / 0.22)],
  ];

  function start(shop, data) {
    const n = data.heights.length;
    const values = data.heights.map((_, i) => data.first + i * data.step);
    const end = values[n - 1] + data.step / 2;
    const heights = data.heights.slice();
    const uniform = random(data.seed);
    const state = { felt: "size", seen: 0, bar: 0, running: 0 };
    let predictions, plot = null;
    function forget() {
      predictions = data.taus.map(() => 0);
      state.seen = 0;
    }
    forget();
    const target = () => data.taus.map((tau) => (state.felt === "size" ? expectile : quantile)(values, heights, tau));

    shop.button("Learn from rewards", () => run(data.rewards_a_press));
    shop.button("Forget", () => { stop(); forget(); update(); });
    for (const [name, shape] of SHAPES) {
      shop.button(name, () => { values.forEach((_, i) => { heights[i] = shape((i + 0.5) / n); }); redrawn(); });
    }
    shop.choice("units feel", [["size", "the size of an error"], ["sign", "its sign alone"]], (felt) => { stop(); state.felt = felt; forget(); update(); });
    const barSlider = shop.slider("reward", {
      min: 0, max: n - 1, step: 1, value: 0, show: (i) => `${format(values[i], 1)} units`,
      act: (i) => { state.bar = i; heightSlider.set(heights[i]); shop.redraw(); },
    });
    const heightSlider = shop.slider("how often", {
      min: 0, max: 1, step: 0.05, value: heights[0], show: (height) => format(height, 2),
      act: (height) => { set(state.bar, height); },
    });
    function set(i, height) {
      heights[i] = height;
      if (!heights.some((one) => one > 0)) heights[i] = 0.05;  // some reward must come
      redrawn();
    }
    function redrawn() {
      heightSlider.set(heights[state.bar]);
      update();
    }
    shop.onPress((px, py) => {
      if (!plot || py > plot.bottom + 8) return;
      state.bar = Math.min(n - 1, Math.max(0, Math.floor(plot.unX(px) / data.step)));
      barSlider.set(state.bar);
      set(state.bar, Math.min(1, Math.max(0, Math.round(plot.unY(py) * 20) / 20)));
    }, { drag: true });

    function stop() {
      cancelAnimationFrame(state.running);
      state.running = 0;
    }
    function learnSome(count) {
      for (let k = 0; k < count; k++) learn(predictions, values[draw(heights, uniform())], data.taus, data.rate[state.felt], state.felt);
      state.seen += count;
    }
    function run(count) {
      stop();
      if (shop.still.matches) {
        learnSome(count);
        update();
        return;
      }
      let left = count;
      (function frame() {
        const now = Math.min(left, Math.ceil(count / 90));
        learnSome(now);
        left -= now;
        if (left > 0) {
          shop.redraw();
          state.running = requestAnimationFrame(frame);
        } else {
          state.running = 0;
          update();
        }
      })();
    }

    function update() {
      shop.redraw();
      const name = state.felt === "size" ? "expectiles" : "quantiles";
      const exact = target();
      const gap = exact.reduce((sum, place, i) => sum + Math.abs(place - predictions[i]), 0) / exact.length;
      shop.say(state.seen === 0
        ? `${data.taus.length} units have seen no reward yet, and predict nothing. Draw how often each reward comes, then let them learn.`
        : `After ${state.seen} rewards the units predict ${format(predictions[0], 1)} to ${format(predictions[predictions.length - 1], 1)} units; they are ${format(gap, 2)} units away, on average, from the ${name} of what is drawn.`);
    }

    shop.onDraw((wide, high) => {
      const parts = [];
      const into = { append: (...nodes) => parts.push(...nodes) };
      const box = { left: 46, width: wide - 60 };
      const top = chart(into, { ...box, top: 24, height: high * 0.4 - 24 }, { x: [0, end], y: [0, 1], yLabel: "how often each reward comes (draw here)" });
      const low = chart(into, { ...box, top: high * 0.4 + 62, height: high * 0.6 - 108 }, {
        x: [0, end], y: [0, 1], xTicks: ticks(data.ticks), yTicks: ticks([0, 0.5, 1], 1),
        xLabel: "reward, prediction (units)", yLabel: "asymmetry \u03c4 of a unit",
      });
      plot = top;
      parts.push(svg("rect", { class: "pw-field", x: top.left, y: top.top, width: top.width, height: top.height }));
      const width = top.x(data.step) - top.x(0);
      heights.forEach((height, i) => {
        const x = top.x(values[i]) - width / 2;
        parts.push(svg("rect", { class: i === state.bar ? "pw-bar pw-chosen" : "pw-bar", x: x + 1, y: top.y(height), width: width - 2, height: top.bottom - top.y(height) }));
      });
      const exact = target();
      const curve = line(exact.map((place, i) => [low.x(place), low.y(data.taus[i])]));
      parts.push(svg("path", { class: "pw-line pw-thin", stroke: "var(--pw-quiet)", d: curve }));
      data.taus.forEach((tau, i) => {
        const mark = { class: "pw-mark", r: 5, stroke: temperament(tau), fill: "var(--pw-paper)" };
        parts.push(svg("circle", { ...mark, cx: top.x(predictions[i]), cy: top.bottom + 16 }));
        parts.push(svg("circle", { ...mark, cx: low.x(predictions[i]), cy: low.y(tau) }));
      });
      return parts;
    });
    update();
  }

  common.widget("draw-distribution", "A population of units learns the distribution that you draw", start);
  if (typeof module !== "undefined") module.exports = { draw, learn };
})();
