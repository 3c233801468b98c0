// Burst, shift and pause, one moment at a time: TD(0) on the trials of the chapter.
(function () {
  "use strict";
  const common = typeof module !== "undefined" ? require("./common.js") : window.PaperWidgets;
  const { format, svg, chart, ticks, line } = common;

  /** A learner that knows nothing yet: a prediction for each moment, and no trial begun. */
  function newborn(task) {
    return { values: new Array(task.n_times).fill(0), errors: new Array(task.n_times).fill(null), before: null, trial: 1, moment: -1, water: true };
  }

  /**
   * Go on by one moment and learn from it: delta_t = r_t + gamma V_t - V_{t-1}, V_{t-1} += alpha delta_t.
   *
   * Before the odour nothing is predicted and nothing learned. After the last moment a new trial begins, with
   * water or without.
   */
  function advance(learner, task, rate, water) {
    const next = { ...learner, values: learner.values.slice(), errors: learner.errors.slice() };
    if (next.moment === task.n_times - 1) {
      next.trial += 1;
      next.moment = -1;
      next.before = learner.errors;
      next.errors.fill(null);
    }
    if (next.moment === -1) next.water = water;
    next.moment += 1;
    const t = next.moment;
    const reward = next.water && t === task.reward_at ? 1 : 0;
    const then = t > 0 ? next.values[t - 1] : 0;
    const error = reward + task.discount * next.values[t] - then;
    next.errors[t] = error;
    next.sum = { reward, now: next.values[t], then };
    if (t - 1 >= task.cue) next.values[t - 1] += rate * error;
    return next;
  }

  /** Go on to the end of a trial: of this one, or of the next if this one has ended. */
  function finish(learner, task, rate, water) {
    let next = learner;
    do next = advance(next, task, rate, water); while (next.moment < task.n_times - 1);
    return next;
  }

  function start(shop, task) {
    let learner = newborn(task);
    let rate = task.learning_rate;
    const seconds = (t) => (t - task.cue) * task.time_step;

    shop.button("Next moment", () => { learner = advance(learner, task, rate, !leftOut.checked); update(); });
    shop.button("To the end of the trial", () => { learner = finish(learner, task, rate, !leftOut.checked); update(); });
    shop.button("Ten trials", () => {
      for (let i = 0; i < 10; i++) learner = finish(learner, task, rate, !leftOut.checked);
      update();
    });
    shop.button("Start again", () => { learner = newborn(task); update(); });
    const leftOut = shop.check("leave the water out, from the next trial on", update);
    shop.slider("step size \u03b1", { min: 0.05, max: 1, step: 0.05, value: rate, show: (a) => format(a, 2), act: (a) => { rate = a; } });

    function update() {
      shop.redraw();
      const { moment, trial, errors, sum } = learner;
      const ended = moment === task.n_times - 1;
      if (moment < 0) {
        shop.say("Nothing has happened yet, and nothing is predicted.");
      } else if (ended) {
        const what = learner.water ? "at the water" : "when the water fails";
        shop.say(`Trial ${trial} is over. Error at the odour ${format(errors[task.cue], 2)}, ${what} ${format(errors[task.reward_at], 2)} (rewards).`);
      } else {
        const names = moment === task.cue ? ", the odour" : moment === task.reward_at ? (learner.water ? ", the water" : ", when the water was due") : "";
        shop.say(`Trial ${trial}, ${format(seconds(moment), 1)} s${names}: reward ${sum.reward} + prediction ${format(sum.now, 2)} \u2212 prediction before ${format(sum.then, 2)} = error ${format(errors[moment], 2)}.`);
      }
    }

    shop.onDraw((wide, high) => {
      const parts = [];
      const into = { append: (...nodes) => parts.push(...nodes) };
      const box = { left: 46, width: wide - 60 };
      const x = [seconds(0) - task.time_step, seconds(task.n_times)];
      const half = (high - 100) / 2.4;
      const top = chart(into, { ...box, top: 24, height: half }, { x, y: [0, 1.15], yTicks: ticks([0, 1]), yLabel: "prediction V (rewards)" });
      const low = chart(into, { ...box, top: half + 56, height: half * 1.4 }, {
        x, y: [-1.25, 1.25], xTicks: ticks([0, 0.5, 1, 1.5, 2], 1), yTicks: ticks([-1, 0, 1]),
        xLabel: "time from the odour (s)", yLabel: "prediction error \u03b4 (rewards)",
      });
      const due = learner.moment >= 0 ? learner.water : !leftOut.checked;
      for (const [t, name] of [[task.cue, "odour"], [task.reward_at, due ? "water" : "no water"]]) {
        parts.push(svg("path", { class: "pw-guide", d: `M${top.x(seconds(t))},${top.top}V${low.bottom}` }));
        parts.push(svg("text", { class: "pw-tick", x: top.x(seconds(t)) + 4, y: low.bottom - 5, text: name }));
      }
      parts.push(svg("path", { class: "pw-axis", d: `M${low.left},${low.y(0)}h${low.width}` }));
      if (learner.moment >= 0) {
        parts.push(svg("rect", { class: "pw-now", x: low.x(seconds(learner.moment)) - 6, y: top.top, width: 12, height: low.bottom - top.top }));
      }
      const steps = learner.values.map((v, t) => [top.x(seconds(t)), top.y(v)]);
      parts.push(svg("path", { class: "pw-line", stroke: "var(--pw-ink)", d: line(steps, true) }));
      const stalks = (errors, faint) => errors.forEach((error, t) => {
        if (error === null) return;
        const colour = error > 0.01 ? "better" : error < -0.01 ? "worse" : "classical";
        const at = low.x(seconds(t)), to = low.y(Math.max(-1.25, Math.min(1.25, error)));
        const style = { stroke: `var(--pw-${colour})`, opacity: faint ? 0.25 : 1 };
        parts.push(svg("path", { class: "pw-stalk", d: `M${at},${low.y(0)}V${to}`, ...style }));
        parts.push(svg("circle", { class: "pw-mark", cx: at, cy: to, r: colour === "classical" ? 2.5 : 5, fill: "var(--pw-paper)", ...style }));
      });
      // The errors of the trial before stay as a shadow where this trial has not come yet.
      if (learner.before) stalks(learner.before.map((error, t) => (t > learner.moment ? error : null)), true);
      stalks(learner.errors, false);
      return parts;
    });
    update();
  }

  common.widget("td-steps", "Temporal-difference learning, one moment at a time", start);
  if (typeof module !== "undefined") module.exports = { newborn, advance, finish };
})();
