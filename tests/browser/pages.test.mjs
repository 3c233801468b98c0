// Every page, opened from a folder: what it asks for, what it says to a screen reader, how it fits a phone.

import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { AT_ONCE, atSite, launch, open, pages, read } from "./site.mjs";

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

const MEGABYTE = 1e6;
const HEAVIEST_PAGE = 1.5 * MEGABYTE;
const HEAVIEST_SCRIPT = 200e3;
// What counts as good among the Core Web Vitals. A page that comes slowly, line by line, moves a little more than
// one that comes at once, so the least that can be told apart from nothing depends on the machine.
const SHIFT = 0.1;

/** What axe finds serious or critical, a line each: rule, where, why. */
async function violations(page, options = {}) {
  const found = await page.evaluate(
    ([only]) => window.axe.run(document, { resultTypes: ["violations"], ...only }).then((result) => result.violations),
    [{ runOnly: options.rules ?? { type: "tag", values: WCAG }, preload: false }],
  );
  return found
    .filter((violation) => ["serious", "critical"].includes(violation.impact))
    .flatMap((violation) =>
      violation.nodes.slice(0, 5).map((node) => `${violation.id}: ${node.target.join(" ")}: ${node.failureSummary.replace(/\s+/g, " ")}`),
    );
}

/** Unfold solutions and code: what is folded has no width, and axe does not look into it. */
function unfold() {
  for (const folded of document.querySelectorAll("main details")) folded.open = true;
  for (const folded of document.querySelectorAll("main .toggle-hidden")) folded.classList.remove("toggle-hidden");
}

/** What the markup of a page lacks, as sentences. */
function faults() {
  const found = [];
  if (!/^[a-z]{2}(-|$)/.test(document.documentElement.lang)) found.push("no language is set");
  const place = (element) => element.outerHTML.slice(0, 160);
  for (const image of document.images) {
    const decorative = image.getAttribute("role") === "presentation" || image.ariaHidden === "true";
    if (!decorative && !image.alt.trim()) found.push(`no alt text: ${place(image)}`);
    if (image.loading !== "lazy" && image.complete && image.naturalWidth === 0) found.push(`not shown: ${place(image)}`);
  }
  const article = document.querySelector("main");
  const headings = [...article.querySelectorAll("h1, h2, h3, h4, h5, h6")];
  const first = [...document.querySelectorAll("h1")];
  if (first.length !== 1) found.push(`${first.length} headings of the first level`);
  let level = 0;
  for (const heading of headings) {
    const now = Number(heading.tagName[1]);
    if (now > level + 1) found.push(`heading of level ${now} after one of level ${level}: ${heading.textContent}`);
    level = now;
  }
  const seen = new Set();
  for (const { id } of document.querySelectorAll("[id]")) {
    if (seen.has(id)) found.push(`two elements with the id ${id}`);
    seen.add(id);
  }
  if (document.title.split(/\s+[–·—]\s+/).some((part, at, all) => all.indexOf(part) !== at)) {
    found.push(`the title says the same twice: ${document.title}`);
  }
  for (const name of ["description", "og:title", "og:description", "og:type"]) {
    const meta = document.querySelector(`meta[name="${name}"], meta[property="${name}"]`);
    if (!meta?.content.trim()) found.push(`no ${name}`);
  }
  return found;
}

/** Elements that make a page wider than the window, outermost first. */
function wide() {
  const limit = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= limit) return [];
  return [...document.querySelectorAll("main *")]
    .filter((element) => element.getBoundingClientRect().right > limit + 1)
    .slice(0, 3)
    .map((element) => `${element.tagName.toLowerCase()}.${element.className} ends at ${Math.round(element.getBoundingClientRect().right)}`)
    .concat(`the page is ${document.documentElement.scrollWidth} px wide`);
}

/**
 * Leave out what axe would look at again and again, three quarters of a page. In code: words that look like one
 * already there, since the same classes in the same box have the same colours. In tables: rows made like one above
 * them, but for what they say and where they lead. In formulas: glyphs, which are no text and which axe passes over;
 * letters in the colour of the formula take their place and are looked at.
 */
function thin() {
  const chain = (element) => (element.tagName === "MAIN" ? "" : `${element.className}<${chain(element.parentElement)}`);
  const seen = new Set();
  for (const word of document.querySelectorAll("main div.highlight pre span")) {
    if ([...word.attributes].some(({ name }) => name !== "class")) continue;
    const look = chain(word);
    if (seen.has(look)) word.replaceWith(...word.childNodes);
    seen.add(look);
  }
  for (const code of document.querySelectorAll("main div.highlight pre")) code.normalize();
  const made = (node) => {
    if (node.nodeType !== Node.ELEMENT_NODE) return node.textContent.trim() ? "words" : "";
    const attributes = [...node.attributes].map(({ name, value }) => (/^(id|href|data-.*)$/.test(name) ? name : `${name}=${value}`));
    return `<${node.localName} ${attributes.sort().join(" ")}>${[...node.childNodes].map(made).join("")}</>`;
  };
  for (const body of document.querySelectorAll("main tbody")) {
    const above = new Set();
    for (const row of body.rows) {
      const look = `${row.sectionRowIndex % 2} ${made(row)}`; // every second row may have a ground of its own
      if (above.has(look)) row.replaceChildren();
      above.add(look);
    }
  }
  const formulas = [...document.querySelectorAll("mjx-math")]
    .filter((formula) => !formula.querySelector("[style*=color]"))
    .map((formula) => [formula, formula.getBoundingClientRect()]);
  for (const [formula, { width, height }] of formulas) {
    const letters = document.createElement("span");
    letters.style.cssText = `display: inline-block; width: ${width}px; height: ${height}px; line-height: ${height}px`;
    letters.textContent = "xy"; // of a single letter axe would not be sure
    formula.replaceChildren(letters);
    const spoken = formula.parentElement.querySelector("math");
    spoken.textContent = spoken.textContent;
  }
}

/** Add up layout shifts from the moment the page begins. */
function watchShifts() {
  window.shifted = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      const what = entry.sources.map(({ node }) => (node?.nodeType === 1 ? `${node.tagName}.${node.className}` : node?.textContent ?? "?").slice(0, 60));
      window.shifted.push({ value: entry.value, what });
    }
  }).observe({ type: "layout-shift", buffered: true });
}

/** Bytes of a file as a web host sends it: text compressed, fonts and bitmaps as they are. */
function sent(file) {
  const content = fs.readFileSync(file);
  return /\.(html|css|js|mjs|json|svg)$/.test(file) ? gzipSync(content).length : content.length;
}

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const weights = [];
const moved = [];
after(() => {
  moved.sort((one, other) => other.total - one.total);
  for (const { name, total } of moved.slice(0, 3)) console.log(`moves most: ${name}, by ${total.toFixed(3)}`);
  weights.sort((one, other) => other.sent - one.sent);
  for (const { name, sent: wire, plain } of weights.slice(0, 3)) {
    console.log(`heaviest: ${name}, ${(wire / MEGABYTE).toFixed(2)} MB sent, ${(plain / MEGABYTE).toFixed(2)} MB on disk`);
  }
});

describe("every page", { concurrency: AT_ONCE }, () => {
  for (const name of pages()) {
    test(name, async (t) => {
      const opened = await open(browser, name, { prepare: (page) => page.addInitScript(watchShifts) });
      const { page, problems, requests, close } = opened;
      await t.test("is well formed", async () => assert.deepEqual(await page.evaluate(faults), []));
      await t.test("does not jump", async () => {
        const shifts = await page.evaluate(() => window.shifted);
        const total = shifts.reduce((sum, { value }) => sum + value, 0);
        moved.push({ name, total });
        assert.ok(total < SHIFT, `moved by ${total.toFixed(3)}: ${JSON.stringify(shifts)}`);
      });
      await t.test("is light", async () => {
        const images = await page.evaluate(() => [...document.images].map((image) => image.currentSrc || image.src));
        const files = new Set([...requests.map(({ url }) => url), ...images].map(atSite).filter(Boolean));
        const counted = [...files].filter((file) => !/mathjax.*\.woff$/.test(file));
        const plain = counted.reduce((sum, file) => sum + fs.statSync(file).size, 0);
        const wire = counted.reduce((sum, file) => sum + sent(file), 0);
        weights.push({ name, sent: wire, plain });
        assert.ok(wire < HEAVIEST_PAGE, `${wire} bytes`);
        // MathJax is what it is, and the index of the search is data, which only the page of the search loads.
        const scripts = counted.filter((file) => /\.m?js$/.test(file) && !/mathjax|searchindex/.test(file));
        const heavy = scripts.filter((file) => fs.statSync(file).size > HEAVIEST_SCRIPT);
        assert.deepEqual(heavy, []);
      });
      await page.evaluate(unfold);
      for (const width of [390, 360]) {
        await t.test(`fits a phone of ${width}`, async () => {
          await page.setViewportSize({ width, height: 800 });
          assert.deepEqual(await page.evaluate(wide), []);
        });
      }
      await page.evaluate(thin);
      await page.evaluate(AXE);
      await t.test("can be used on a phone", async () => {
        assert.deepEqual(await violations(page, { rules: ["scrollable-region-focusable", "target-size"] }), []);
      });
      await page.setViewportSize({ width: 1280, height: 900 });
      await t.test("is accessible in light", async () => assert.deepEqual(await violations(page), []));
      await t.test("is accessible in dark", async () => {
        await page.emulateMedia({ colorScheme: "dark" });
        await page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
        // The other rules of axe do not look at colours.
        assert.deepEqual(await violations(page, { rules: ["color-contrast", "link-in-text-block"] }), []);
      });
      // At the end, since scrolled and dark pages ask for things of their own.
      await t.test("asks for nothing outside and warns of nothing", () => assert.deepEqual(problems, []));
      await close();
    });
  }
});

test("no two pages have the same title", () => {
  const titles = pages().map((name) => /<title>\s*([^<]*?)\s*<\/title>/.exec(read(name))[1]);
  assert.deepEqual(titles.filter((title, at) => titles.indexOf(title) !== at), []);
});
