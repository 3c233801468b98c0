// Every widget by mouse, touch and keyboard, in light and dark, on a phone, and where no script runs.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { AT_ONCE, launch, open, pages, read } from "./site.mjs";

const NAMES = ["decode-subset", "draw-distribution", "expectile-balance", "pick-a-cell", "resplit-trials", "td-steps"];
const PAGE_OF = Object.fromEntries(
  pages().flatMap((page) => [...read(page).matchAll(/data-widget="([a-z-]+)"/g)].map((found) => [found[1], page])),
);

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** Open the page of a widget, with its stage in the middle of the window; formulas are set if `options` say so. */
async function play(name, options = {}) {
  const opened = await open(browser, PAGE_OF[name], { formulas: false, ...options });
  const figure = opened.page.locator(`figure:has([data-widget="${name}"])`);
  const widget = figure.locator(".pb-widget");
  const stage = widget.locator("svg.pw-stage");
  // In the middle of the window, clear of the theme's header. (No stage: the picture has come back.)
  if (await stage.isVisible()) await stage.evaluate((node) => node.scrollIntoView({ block: "center", behavior: "instant" }));
  return {
    ...opened,
    figure,
    widget,
    stage,
    words: () => widget.locator(".pw-words").textContent(),
    button: (label) => widget.getByRole("button", { name: label, exact: true }),
    slider: (label) => widget.getByRole("slider", { name: label }),
    /** Where in the window the middle of a part of the stage is. */
    async middle(selector, index = 0) {
      const box = await stage.locator(selector).nth(index).boundingBox();
      return [box.x + box.width / 2, box.y + box.height / 2];
    },
  };
}

async function pressKeys(locator, ...keys) {
  await locator.focus();
  for (const key of keys) await locator.press(key);
}

test("every widget of the book is tested here", () => {
  assert.deepEqual(Object.keys(PAGE_OF).sort(), NAMES);
});

const SEEN = [["light", 1280], ["dark", 1280], ["dark", 360], ["light", 360]];

describe("each widget", { concurrency: AT_ONCE }, () => {
  for (const name of NAMES) {
    test(`${name} fits, in light and dark, on a desk and on a phone, and is a figure on paper`, async () => {
      const { page, problems, figure, widget, stage, close } = await play(name, { formulas: true });
      for (const [scheme, width] of SEEN) {
        const where = `${scheme}, ${width} px`;
        await page.emulateMedia({ colorScheme: scheme });
        await page.setViewportSize({ width, height: 900 });
        await page.waitForFunction((wanted) => document.documentElement.dataset.theme === wanted, scheme);
        assert.equal(await figure.locator("img").filter({ visible: true }).count(), 0, where);
        // Drawn anew at the new width, and in no more than it.
        await page.waitForFunction((one) => {
          const drawn = document.querySelector(`[data-widget="${one}"] svg.pw-stage`);
          return Number(drawn.getAttribute("viewBox").split(" ")[2]) === drawn.clientWidth && drawn.childElementCount > 20;
        }, name);
        const found = await widget.evaluate((root) => {
          const stage = root.querySelector("svg.pw-stage");
          const frame = stage.getBoundingClientRect();
          return {
            sideways: document.documentElement.scrollWidth > window.innerWidth,
            cut: [...stage.querySelectorAll("text")].filter((text) => {
              const box = text.getBoundingClientRect();
              return box.left < frame.left - 12 || box.right > frame.right + 12 || box.top < frame.top - 12 || box.bottom > frame.bottom + 4;
            }).map((text) => text.textContent),
            // What a finger must hit (WCAG 2.2, target size), and what it is called.
            small: [...root.querySelectorAll("button, input[type=range]")].filter((one) => one.getBoundingClientRect().height < 24).length,
            unnamed: [...root.querySelectorAll("input")].filter((input) => !input.labels[0]?.textContent.trim()).length,
            // The room that was kept is enough: nothing below moves when the script starts.
            tooHigh: Math.max(0, Math.round(root.getBoundingClientRect().height - parseFloat(getComputedStyle(root).minHeight))),
          };
        });
        assert.deepEqual(found, { sideways: false, cut: [], small: 0, unnamed: 0, tooHigh: 0 }, where);
      }
      await page.emulateMedia({ media: "print" });
      assert.equal(await figure.locator("img").filter({ visible: true }).count(), 1);
      assert.equal(await widget.isVisible(), false);
      assert.equal(await figure.locator(".pb-live").filter({ visible: true }).count(), 0);
      assert.deepEqual(problems, []);
      assert.equal(await stage.getAttribute("role"), "img");
      await close();
    });

    test(`${name} is a figure where no script runs`, async () => {
      const { figure, widget, close } = await play(name, { scripts: false });
      const picture = figure.locator("img").filter({ visible: true });
      assert.equal(await picture.count(), 1);
      assert.ok((await picture.getAttribute("alt")).length > 40);
      assert.equal(await widget.isVisible(), false);
      assert.equal(await figure.locator(".pb-live").filter({ visible: true }).count(), 0);
      await close();
    });

    test(`${name} gives way to its figure when its script is missing`, async () => {
      const { figure, widget, close } = await play(name, {
        prepare: (page) => page.route(`**/widgets/${name}.js*`, (route) => route.fulfill({ contentType: "text/javascript", body: "" })),
      });
      assert.equal(await figure.locator("img").filter({ visible: true }).count(), 1);
      assert.equal(await widget.isVisible(), false);
      await close();
    });

    test(`${name} says what it is, and once what is seen now`, async () => {
      const { widget, page, words, close } = await play(name);
      assert.ok((await widget.getAttribute("aria-label")).length > 20);
      const spoken = widget.getByRole("status");
      await page.waitForFunction((one) => {
        const root = document.querySelector(`[data-widget="${one}"]`);
        return root.querySelector(".pw-spoken").textContent === root.querySelector(".pw-words").textContent;
      }, name);
      // Five changes at once, on the page itself: nobody is slow enough to come between them.
      const changes = await widget.evaluate(async (root) => {
        let count = 0;
        new MutationObserver(() => { count += 1; }).observe(root.querySelector(".pw-spoken"), { childList: true, characterData: true, subtree: true });
        const slider = root.querySelector("input[type=range]"), button = root.querySelector("button");
        for (let i = 0; i < 5; i++) {
          if (root.dataset.widget === "pick-a-cell" || root.dataset.widget === "expectile-balance") {
            slider.stepUp();
            slider.dispatchEvent(new Event("input", { bubbles: true }));
          } else button.click();
        }
        await new Promise((done) => setTimeout(done, 1200));
        return count;
      });
      assert.ok(changes <= 1, `${changes} changes`);
      assert.equal(await spoken.textContent(), await words());
      await close();
    });
  }
});

test("balance: the prediction rests where the asymmetry puts it, by keyboard", async () => {
  const { words, slider, button, widget, close } = await play("expectile-balance");
  const rests = async () => Number(/rests at ([\d.]+) units/.exec(await words())[1]);
  const neutral = await rests();
  await pressKeys(slider("asymmetry"), "End");
  assert.equal(await slider("asymmetry").getAttribute("aria-valuetext"), "0.98");
  const optimist = await rests();
  await pressKeys(slider("asymmetry"), "Home");
  const pessimist = await rests();
  assert.ok(pessimist < neutral - 3 && neutral + 3 < optimist, `${pessimist} ${neutral} ${optimist}`);
  await pressKeys(slider("prediction"), "End");
  assert.match(await words(), /will fall to/);
  await pressKeys(button("Let it come to rest"), "Enter");
  assert.equal(await rests(), pessimist);
  await widget.getByRole("radio", { name: "their size" }).press("ArrowRight");
  assert.match(await words(), /the quantile/);
  await close();
});

for (const [how, options] of [["mouse", {}], ["touch", { touch: true, width: 390 }]]) {
  test(`balance: the prediction can be dragged by ${how}`, async () => {
    const { page, stage, words, slider, close } = await play("expectile-balance", options);
    const box = await stage.boundingBox();
    const [x, y] = [box.x + 0.9 * box.width, box.y + 40];
    if (how === "touch") await page.touchscreen.tap(x, y);
    else {
      await page.mouse.move(box.x + box.width / 2, y);
      await page.mouse.down();
      await page.mouse.move(x, y, { steps: 4 });
      await page.mouse.up();
    }
    assert.match(await words(), /will fall to/);
    assert.ok(Number(await slider("prediction").inputValue()) > 14);
    await close();
  });

  test(`drawing: bars follow the ${how}, and units learn them`, async () => {
    const { page, stage, words, button, close } = await play("draw-distribution", options);
    const height = () => stage.locator("rect.pw-bar").first().getAttribute("height").then(Number);
    const before = await height();
    const box = await stage.locator("rect.pw-field").boundingBox();
    const [x, y] = [box.x + box.width / 36, box.y + 4];
    if (how === "touch") await page.touchscreen.tap(x, y);
    else await page.mouse.click(x, y);
    assert.ok((await height()) > before + 20);
    if (how === "touch") await button("Learn from rewards").tap();
    else await button("Learn from rewards").click();
    assert.match(await words(), /^After 400 rewards/);
    await close();
  });

  test(`picking: a press on the right picks a neuron, by ${how}`, async () => {
    const { page, stage, words, middle, close } = await play("pick-a-cell", options);
    const before = await words();
    const marks = await stage.locator(".pw-mark[r='3.5']").count();
    const [x, y] = await middle(".pw-mark[r='3.5']", marks - 3);
    if (how === "touch") await page.touchscreen.tap(x, y);
    else await page.mouse.click(x, y);
    assert.notEqual(await words(), before);
    const ring = await middle(".pw-ring");
    assert.ok(Math.hypot(ring[0] - x, ring[1] - y) < 12);
    await close();
  });

  test(`decoding: a press takes a neuron out and in again, by ${how}`, async () => {
    const { page, stage, words, middle, close } = await play("decode-subset", options);
    const all = await words();
    const [x, y] = await middle("circle.pw-mark", 4);
    const press = () => (how === "touch" ? page.touchscreen.tap(x, y) : page.mouse.click(x, y));
    await press();
    const [, some, every] = /From (\d+) of (\d+) neurons/.exec(await words());
    assert.equal(Number(some), Number(every) - 1);
    assert.equal(await stage.locator(".pw-out").count(), 1);
    await press();
    assert.equal(await words(), all);
    await close();
  });

  test(`TD and splits: buttons work by ${how}`, async () => {
    for (const [name, label, said] of [["td-steps", "Next moment", /^Trial 1, −?[\d.]+ s/], ["resplit-trials", "A hundred splits", /Over 101 splits/]]) {
      const { words, button, close } = await play(name, options);
      if (how === "touch") await button(label).tap();
      else await button(label).click();
      assert.match(await words(), said);
      await close();
    }
  });
}

test("TD: burst, shift and pause, by keyboard", async () => {
  const { words, button, widget, stage, close } = await play("td-steps");
  const found = async () => [.../odour (−?[\d.]+), .*? (−?[\d.]+) \(rewards\)/.exec(await words())].slice(1);
  await pressKeys(button("To the end of the trial"), "Enter");
  assert.deepEqual(await found(), ["0.00", "1.00"]);
  for (let i = 0; i < 20; i++) await button("Ten trials").press("Enter");
  assert.deepEqual(await found(), ["1.00", "0.00"]);
  await widget.getByRole("checkbox").press("Space");
  await pressKeys(button("To the end of the trial"), "Space");
  assert.deepEqual(await found(), ["1.00", "−1.00"]);
  assert.ok((await stage.locator("text", { hasText: "no water" }).count()) === 1);
  await pressKeys(button("Start again"), "Enter");
  assert.match(await words(), /^Nothing has happened yet/);
  await close();
});

test("drawing: heights by keyboard, and learning is seen where motion is welcome", async () => {
  const { words, button, slider, widget, page, close } = await play("draw-distribution", { still: false });
  await pressKeys(slider("reward"), "End");
  await pressKeys(slider("how often"), "End");
  assert.equal(await slider("how often").getAttribute("aria-valuetext"), "1.00");
  await pressKeys(button("Learn from rewards"), "Enter");
  await page.waitForFunction(() => /^After 400 rewards/.test(document.querySelector("[data-widget=draw-distribution] .pw-words").textContent));
  await widget.getByRole("radio", { name: "size" }).press("ArrowRight");
  assert.match(await words(), /no reward yet/);
  for (const name of ["One hump", "Two humps", "A long tail", "Forget"]) await button(name).press("Enter");
  await close();
});

test("drawing: with time the units come near the expectiles", async () => {
  const { words, button, close } = await play("draw-distribution");
  for (let i = 0; i < 5; i++) await button("Learn from rewards").click();
  const gap = Number(/they are ([\d.]+) units away/.exec(await words())[1]);
  assert.ok(gap < 1, `${gap}`);
  await close();
});

test("picking: neurons in order, by keyboard", async () => {
  const { words, slider, button, close } = await play("pick-a-cell");
  const number = async () => Number(/^Neuron (\d+) of/.exec(await words())[1]);
  await pressKeys(slider("neuron"), "Home");
  assert.equal(await number(), 1);
  assert.match(await words(), /no reversal point|reversal point/);
  await pressKeys(slider("neuron"), "ArrowRight", "ArrowRight");
  assert.equal(await number(), 3);
  await pressKeys(button("Next"), "Enter");
  await pressKeys(button("Previous"), "Enter", "Enter");
  assert.equal(await number(), 2);
  await pressKeys(button("Previous"), "Enter", "Enter");
  assert.equal(await number(), 1);
  await close();
});

test("splits: they differ, pile up, and centre on nothing when shuffled, by keyboard", async () => {
  const { words, button, widget, close } = await play("resplit-trials");
  const r = async () => /R = (−?[\d.]+)/.exec(await words())[1];
  const first = await r();
  await pressKeys(button("Split again"), "Enter");
  assert.notEqual(await r(), first);
  await pressKeys(button("A hundred splits"), "Enter");
  const median = async () => Number(/median (−?\d\.\d+)/.exec(await words())[1].replace("−", "-"));
  const same = await median();
  await widget.getByRole("radio", { name: "itself" }).press("ArrowRight");
  assert.match(await words(), /neurons shuffled/);
  await pressKeys(button("A hundred splits"), "Enter");
  assert.ok(Math.abs(await median()) < 0.1 && same > 0.2, `${same} ${await median()}`);
  await pressKeys(button("Start again"), "Enter");
  assert.doesNotMatch(await words(), /Over/);
  await close();
});

test("decoding: subsets by keyboard", async () => {
  const { words, button, slider, widget, close } = await play("decode-subset");
  const heard = async () => /From (\d+) of (\d+) neurons/.exec(await words()).slice(1).map(Number);
  const [, every] = await heard();
  await pressKeys(button("Ten at random"), "Enter");
  assert.deepEqual(await heard(), [10, every]);
  await pressKeys(button("Pessimists"), "Enter");
  const [low] = await heard();
  await pressKeys(button("Optimists"), "Enter");
  assert.equal((await heard())[0] + low, every);
  await pressKeys(button("All neurons"), "Enter");
  await pressKeys(slider("neuron"), "Home", "ArrowRight");
  await pressKeys(button("Take it in or out"), "Enter");
  assert.deepEqual(await heard(), [every - 1, every]);
  assert.match(await slider("neuron").getAttribute("aria-valuetext"), /^2 of \d+: out$/);
  await widget.getByRole("radio", { name: "the same trials" }).press("ArrowRight");
  assert.match(await words(), /independent halves/);
  await close();
});

test("simulated cells say so, and their marks are hollow; recorded ones are solid", async () => {
  for (const name of ["pick-a-cell", "resplit-trials", "decode-subset"]) {
    const { widget, stage, close } = await play(name);
    const simulated = await widget.locator("script").evaluate((node) => JSON.parse(node.textContent).kind === "simulated");
    assert.equal(await widget.getByText("simulated cells, not recordings").count(), simulated ? 1 : 0);
    const mark = stage.locator("circle.pw-mark").first();
    assert.equal((await mark.getAttribute("fill")) === (await mark.getAttribute("stroke")), !simulated);
    await close();
  }
});
