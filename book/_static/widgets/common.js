// What the widgets of this book share: a little arithmetic, charts in SVG, controls, and words for the state.
//
// A classic script, so that it works from a folder opened as file://. In Node, where the tests run, it exports
// the same names and touches no document. Numbers, colours and marks follow the book's figures: what is
// simulated is hollow, what is recorded is solid.
(function () {
  "use strict";

  // --- arithmetic, all of it pure ---

  /** A number with a fixed count of decimals and a true minus sign, as the book's text prints it. */
  function format(value, decimals) {
    const text = Math.abs(value).toFixed(decimals);
    return value < 0 && Number(text) !== 0 ? "\u2212" + text : text;
  }

  /** A generator of numbers in [0, 1) that gives the same ones for the same seed (mulberry32). */
  function random(seed) {
    let state = seed >>> 0;
    return function () {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }

  /** A standard normal number from two uniform ones (Box and Muller). */
  function normal(uniform) {
    return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  }

  /** Expectile of order tau, in (0, 1), of ascending values with weights: exact, as the balance is piecewise linear. */
  function expectile(values, weights, tau) {
    let below = 0, sumBelow = 0, above = 0, sumAbove = 0;
    for (let i = 0; i < values.length; i++) {
      above += weights[i];
      sumAbove += weights[i] * values[i];
    }
    for (let i = 0; i < values.length; i++) {
      below += weights[i];
      sumBelow += weights[i] * values[i];
      above -= weights[i];
      sumAbove -= weights[i] * values[i];
      if (!below) continue;
      const balance = (tau * sumAbove + (1 - tau) * sumBelow) / (tau * above + (1 - tau) * below);
      if (i === values.length - 1 || balance <= values[i + 1]) return balance;
    }
    return NaN;
  }

  /** Quantile of order tau of ascending values with weights: the first value up to which the share is tau. */
  function quantile(values, weights, tau) {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let below = 0;
    for (let i = 0; i < values.length; i++) {
      below += weights[i] / total;
      if (weights[i] > 0 && below >= tau - 1e-12) return values[i];
    }
    return values[values.length - 1];
  }

  /** Pearson correlation over the pairs of which both are numbers; NaN for fewer than three. */
  function correlation(first, second) {
    const both = first.map((x, i) => [x, second[i]]).filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
    const n = both.length;
    if (n < 3) return NaN;
    const meanX = both.reduce((sum, pair) => sum + pair[0], 0) / n;
    const meanY = both.reduce((sum, pair) => sum + pair[1], 0) / n;
    let xy = 0, xx = 0, yy = 0;
    for (const [x, y] of both) {
      xy += (x - meanX) * (y - meanY);
      xx += (x - meanX) ** 2;
      yy += (y - meanY) ** 2;
    }
    return xy / Math.sqrt(xx * yy);
  }

  /** Area between the distribution functions of two distributions on ascending values (Wasserstein distance). */
  function wasserstein(values, weights, otherValues, otherWeights) {
    const steps = [
      ...values.map((x, i) => [x, weights[i]]),
      ...otherValues.map((x, i) => [x, -otherWeights[i]]),
    ].sort((a, b) => a[0] - b[0]);
    let area = 0, difference = 0;
    for (let i = 0; i < steps.length - 1; i++) {
      difference += steps[i][1];
      area += Math.abs(difference) * (steps[i + 1][0] - steps[i][0]);
    }
    return area;
  }

  // --- the page ---

  /** Stages narrower than this, in pixels, are not drawn. */
  const NARROWEST = 200;

  /** Make an element; attributes that are functions are listeners, `text` is its text. */
  function make(namespace, tag, attributes, children) {
    const node = namespace ? document.createElementNS(namespace, tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "text") node.textContent = value;
      else if (typeof value === "function") node.addEventListener(name, value);
      else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
    }
    for (const child of children || []) node.append(child);
    return node;
  }
  const html = (tag, attributes, children) => make(null, tag, attributes, children);
  const svg = (tag, attributes, children) => make("http://www.w3.org/2000/svg", tag, attributes, children);

  /** Colour of a unit by its asymmetry, from pessimist by neutral to optimist. */
  function temperament(tau) {
    const [end, share] = tau < 0.5 ? ["worse", 1 - 2 * tau] : ["better", 2 * tau - 1];
    return `color-mix(in srgb, var(--pw-${end}) ${Math.round(100 * share)}%, var(--pw-classical))`;
  }

  /** Draw a frame with two axes into `into`, and such ticks as lie on them; gives the functions that place data in it, and back. */
  function chart(into, box, options) {
    const { x: [x0, x1], y: [y0, y1] } = options;
    const x = (value) => box.left + ((value - x0) / (x1 - x0)) * box.width;
    const y = (value) => box.top + box.height - ((value - y0) / (y1 - y0)) * box.height;
    const bottom = box.top + box.height;
    into.append(svg("path", { class: "pw-axis", d: `M${box.left},${box.top}V${bottom}H${box.left + box.width}` }));
    const within = (places, low, high) => (places || []).filter(([value]) => value >= low && value <= high);
    for (const [value, label] of within(options.xTicks, x0, x1)) {
      into.append(svg("path", { class: "pw-axis", d: `M${x(value)},${bottom}v4` }));
      if (label) into.append(svg("text", { class: "pw-tick", x: x(value), y: bottom + 16, "text-anchor": "middle", text: label }));
    }
    for (const [value, label] of within(options.yTicks, y0, y1)) {
      into.append(svg("path", { class: "pw-axis", d: `M${box.left},${y(value)}h-4` }));
      into.append(svg("text", { class: "pw-tick", x: box.left - 7, y: y(value) + 4, "text-anchor": "end", text: label }));
    }
    if (options.xLabel) {
      into.append(svg("text", { class: "pw-label", x: box.left + box.width / 2, y: bottom + 34, "text-anchor": "middle", text: options.xLabel }));
    }
    if (options.yLabel) into.append(svg("text", { class: "pw-label", x: box.left - 30, y: box.top - 12, text: options.yLabel }));
    return { x, y, unX: (px) => x0 + ((px - box.left) / box.width) * (x1 - x0), unY: (py) => y0 + ((bottom - py) / box.height) * (y1 - y0), ...box, bottom };
  }

  /** Text for ticks at round places, as pairs of value and label. */
  const ticks = (values, decimals) => values.map((value) => [value, format(value, decimals || 0)]);

  /** A path through points, straight or in steps. */
  function line(points, steps) {
    return points.map(([x, y], i) => (i === 0 ? `M${x},${y}` : steps ? `H${x}V${y}` : `L${x},${y}`)).join("");
  }

  /**
   * What a widget works with: its stage, its controls and its words.
   *
   * `draw(width, height)` gives the contents of the stage; it is called again whenever the width changes.
   */
  function workshop(root, data, title) {
    const stage = svg("svg", { class: "pw-stage", role: "img", "aria-label": title });
    const controls = html("div", { class: "pw-controls" });
    const words = html("p", { class: "pw-words", "aria-hidden": "true" });
    const spoken = html("p", { class: "pw-spoken", role: "status" });
    const kind = data.kind === "simulated" ? [html("p", { class: "pw-kind", text: "simulated cells, not recordings" })] : [];
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", title);
    root.append(...kind, stage, controls, words, spoken);
    let draw = null, waiting = 0, width = 0;

    function redraw() {
      width = stage.clientWidth;
      const height = stage.clientHeight;
      if (!draw || width < NARROWEST) return;  // hidden, or about to be
      stage.setAttribute("viewBox", `0 0 ${width} ${height}`);
      stage.replaceChildren(...draw(width, height));
    }
    new ResizeObserver(() => { if (stage.clientWidth !== width) redraw(); }).observe(stage);

    return {
      stage,
      still: window.matchMedia("(prefers-reduced-motion: reduce)"),
      mark: (colour) => ({ stroke: colour, fill: data.kind === "recorded" ? colour : "var(--pw-paper)" }),
      onDraw(how) { draw = how; },
      redraw,

      /** Say what is seen now: at once for the eye, and for the ear when it has not changed for a moment. */
      say(text) {
        words.textContent = text;
        clearTimeout(waiting);
        waiting = setTimeout(() => { spoken.textContent = text; }, 500);
      },

      button(text, act) {
        const button = html("button", { type: "button", class: "pw-button", text, click: act });
        controls.append(button);
        return button;
      },

      /** A native slider; `show` gives the words for a value, for the eye and the ear. */
      slider(label, { min, max, step, value, show, act }) {
        const shown = html("span", { class: "pw-value", "aria-hidden": "true" });  // spoken as the value of the slider
        const input = html("input", { type: "range", min, max, step, value });
        function tell() {
          shown.textContent = show(Number(input.value));
          input.setAttribute("aria-valuetext", shown.textContent);
        }
        input.addEventListener("input", () => { tell(); act(Number(input.value)); });
        controls.append(html("label", { class: "pw-slider" }, [html("span", { text: label }), input, shown]));
        tell();
        return { input, set(to) { input.value = to; tell(); } };
      },

      /** A row of choices of which one holds; native radio buttons. */
      choice(label, options, act) {
        const name = `pw-${root.dataset.widget}-${controls.childElementCount}`;
        const row = html("fieldset", { class: "pw-choice" }, [html("legend", { text: label })]);
        options.forEach(([value, text], i) => {
          const input = html("input", { type: "radio", name, value, change: () => act(value) });
          input.checked = i === 0;
          row.append(html("label", {}, [input, html("span", { text })]));
        });
        controls.append(row);
      },

      check(label, act) {
        const input = html("input", { type: "checkbox", change: () => act(input.checked) });
        controls.append(html("label", { class: "pw-check" }, [input, html("span", { text: label })]));
        return input;
      },

      /** Call `act(x, y)` in the stage's own units when it is pressed, and while the press moves. */
      onPress(act, { drag = false } = {}) {
        let held = false;
        const at = (event) => {
          const box = stage.getBoundingClientRect();
          act(event.clientX - box.left, event.clientY - box.top);
        };
        stage.addEventListener("pointerdown", (event) => {
          if (event.button) return;
          held = drag;
          if (drag) stage.setPointerCapture(event.pointerId);
          at(event);
        });
        stage.addEventListener("pointermove", (event) => { if (held) at(event); });
        for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, () => { held = false; });
      },
    };
  }

  /** Put the figure back in its place; its caption then speaks of the figure again. */
  const giveUp = (root) => root.closest(".pb-has-widget").classList.add("pb-widget-failed");

  /** Start every widget of this name on the page with `start(workshop, data)`. */
  function widget(name, title, start) {
    if (typeof document === "undefined") return;
    for (const root of document.querySelectorAll(`.pb-widget[data-widget="${name}"]`)) {
      try {
        const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
        start(workshop(root, data, title), data);
        root.classList.add("pw-on");
      } catch (error) {
        giveUp(root);
        throw error;
      }
    }
  }

  // A script that was not found starts nothing.
  if (typeof window !== "undefined") {
    window.addEventListener("load", () => document.querySelectorAll(".pb-widget:not(.pw-on)").forEach(giveUp));
  }

  const api = { format, random, normal, expectile, quantile, correlation, wasserstein, html, svg, chart, ticks, line, temperament, widget };
  if (typeof module !== "undefined") module.exports = api;
  else window.PaperWidgets = api;
})();
