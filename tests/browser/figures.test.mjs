// Figures: the drawing that belongs on the page, the line under it, its downloads, and the enlarged view.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { AT_ONCE, launch, open, pages, read, SITE } from "./site.mjs";

const CHAPTER = pages().find((page) => page.endsWith("/learning-to-predict.html"));

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** Which drawing of each figure is shown. A figure whose place a widget has taken shows none. */
function shown() {
  return [...document.querySelectorAll(".pb-picture")]
    .filter((box) => box.offsetWidth > 0)
    .map((box) => [...box.querySelectorAll("img")].filter((image) => image.offsetWidth > 0).map((image) => image.className));
}

describe("the scheme", { concurrency: AT_ONCE }, () => {
  for (const [scheme, wanted, scripts] of [
    ["light", "only-light", true],
    ["dark", "only-dark", true],
    ["dark", "only-light", false], // without its script the theme is light
  ]) {
    test(`${scheme}, ${scripts ? "with" : "without"} scripts: one drawing of each figure`, async () => {
      const { page, close } = await open(browser, CHAPTER, { scheme, scripts, formulas: false });
      const figures = await page.evaluate(shown);
      assert.ok(figures.length > 5);
      for (const classes of figures) assert.deepEqual(classes, [wanted]);
      await close();
    });
  }

  test("paper is always light", async () => {
    const { page, close } = await open(browser, CHAPTER, { scheme: "dark", formulas: false });
    await page.emulateMedia({ media: "print" });
    for (const classes of await page.evaluate(shown)) assert.deepEqual(classes, ["only-light"]);
    await close();
  });

  test("the paper of a dark drawing is that of the dark page", async () => {
    const { page, close } = await open(browser, CHAPTER, { scheme: "dark", formulas: false });
    const [red, green, blue] = await page.evaluate(() =>
      getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number),
    );
    const colour = `#${[red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
    const source = await page.locator(".pb-picture img.only-dark").first().getAttribute("src");
    const drawing = fs.readFileSync(path.join(SITE, path.dirname(CHAPTER), source), "utf8");
    assert.match(drawing, new RegExp(`<path d="M0 [^"]*" style="fill: ${colour}"`));
    await close();
  });
});

describe("the enlarged view", { concurrency: AT_ONCE }, () => {
  for (const width of [1280, 390]) {
    test(`by the keyboard, ${width} pixels wide`, async () => {
      const { page, problems, close } = await open(browser, CHAPTER, { width, scheme: "dark", formulas: false });
      const button = page.getByRole("button", { name: "Enlarge" }).first();
      await button.focus();
      await page.keyboard.press("Enter");
      const dialog = page.getByRole("dialog", { name: /^Fig\. \d+, enlarged$/ });
      await dialog.waitFor();
      const image = dialog.getByRole("img");
      assert.equal(await image.getAttribute("alt"), await page.locator(".pb-picture img.only-dark").first().getAttribute("alt"));
      const small = await page.locator(".pb-picture img.only-dark").first().boundingBox();
      assert.ok((await image.boundingBox()).width > 1.2 * small.width);
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "hidden" });
      assert.equal(await page.evaluate(() => document.activeElement.className), "pb-enlarge");
      assert.deepEqual(problems, []);
      await close();
    });
  }

  test("by a tap, and closed by its button or beside it", async () => {
    const { page, close } = await open(browser, CHAPTER, { width: 390, touch: true, formulas: false });
    const dialog = page.locator("dialog.pb-enlarged");
    await page.locator(".pb-picture img.only-light").first().tap();
    await dialog.waitFor();
    await dialog.getByRole("button", { name: "Close" }).tap();
    await dialog.waitFor({ state: "hidden" });
    await page.locator(".pb-picture img.only-light").first().tap();
    await dialog.waitFor();
    await page.touchscreen.tap(5, 5);
    await dialog.waitFor({ state: "hidden" });
    await close();
  });
});

describe("every figure", () => {
  for (const name of pages().filter((page) => read(page).includes("pb-drawn"))) {
    test(`${name}: has a size, alt text, and downloads that are there`, () => {
      const html = read(name);
      const images = html.match(/<img class="only-(?:light|dark)"[^>]*>/g);
      for (const image of images) {
        assert.match(image, / alt="[^"]{20,}"/);
        assert.match(image, / width="[1-9]\d+" height="[1-9]\d+" loading="lazy"/);
      }
      for (const [line] of html.matchAll(/<p class="pb-drawn">.*?<\/p>/g)) {
        for (const [, address] of line.matchAll(/ href="([^"]+)"/g)) {
          assert.ok(fs.statSync(path.join(SITE, path.dirname(name), address)).size > 50, address);
        }
      }
      const line = html.match(/<p class="pb-drawn">.*?<\/p>/)[0].replace(/<[^>]*>/g, "");
      assert.match(line, /^Cell \d+ of .+ · (commit [0-9a-f]{10}|sources not under version control)/);
    });
  }
});
