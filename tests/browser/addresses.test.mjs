// A number, a heading and a figure each have an address, and a click copies it; what can be copied has a button.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open } from "./site.mjs";

const CHAPTER = "book/1-learning/learning-to-predict.html";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

// What a click would put on the clipboard; the real one belongs to whoever runs the tests.
const noteCopies = () => {
  window.copied = [];
  Object.defineProperty(navigator, "clipboard", {
    value: { writeText: async (text) => { window.copied.push(text); } },
    configurable: true,
  });
};

test("a click on a number copies its address, and the address leads to the number", async () => {
  const { page, problems, close } = await open(browser, CHAPTER);
  await page.evaluate(noteCopies);
  const number = page.locator("p > .pb-reported[id]").first();
  const id = await number.getAttribute("id");
  await number.click();
  await page.getByRole("status").filter({ hasText: "Address copied" }).waitFor();
  const [address] = await page.evaluate(() => window.copied);
  assert.equal(new URL(address).hash, `#${id}`);
  assert.equal(new URL(address).pathname, new URL(page.url()).pathname);
  await page.goto(address);
  assert.equal(await page.evaluate(() => document.querySelector(":target")?.id), id);
  assert.deepEqual(problems, []);
  await close();
});

test("a number that stands again copies the address of its first place", async () => {
  const { page, close } = await open(browser, CHAPTER, { formulas: false });
  await page.evaluate(noteCopies);
  const again = page.locator(".pb-reported[data-anchor]").first();
  const anchor = await again.getAttribute("data-anchor");
  await again.click();
  await page.getByRole("status").filter({ hasText: "Address copied" }).waitFor();
  assert.equal(new URL((await page.evaluate(() => window.copied))[0]).hash, `#${anchor}`);
  assert.equal(await page.locator(`[id="${anchor}"]`).count(), 1);
  await close();
});

test("a number inside a link follows the link, and a selection is left alone", async () => {
  const { page, close } = await open(browser, CHAPTER, { formulas: false });
  await page.evaluate(noteCopies);
  await page.evaluate(() => {
    const paragraph = document.querySelector("p:has(> .pb-reported[id])");
    window.getSelection().selectAllChildren(paragraph);
    paragraph.querySelector(".pb-reported").dispatchEvent(new MouseEvent("click", { bubbles: true }));
  });
  assert.deepEqual(await page.evaluate(() => window.copied), []);
  await close();
});

test("the sign beside a figure copies the figure's address", async () => {
  const { page, close } = await open(browser, CHAPTER, { formulas: false });
  await page.evaluate(noteCopies);
  const sign = page.locator("figcaption a.headerlink").first();
  const hash = await sign.getAttribute("href");
  await sign.evaluate((element) => element.click());
  await page.getByRole("status").filter({ hasText: "Address copied" }).waitFor();
  assert.equal(new URL((await page.evaluate(() => window.copied))[0]).hash, hash);
  await close();
});

test("without a clipboard the address bar has the address", async () => {
  const { page, problems, close } = await open(browser, CHAPTER, { formulas: false });
  await page.evaluate(() => Object.defineProperty(navigator, "clipboard", { value: undefined, configurable: true }));
  const number = page.locator("p > .pb-reported[id]").first();
  const id = await number.getAttribute("id");
  await number.click();
  await page.getByRole("status").filter({ hasText: "address bar" }).waitFor();
  assert.equal(new URL(page.url()).hash, `#${id}`);
  assert.deepEqual(problems, []);
  await close();
});

test("each box of How to cite has a button to copy it", async () => {
  const { page, problems, close } = await open(browser, "book/back/how-to-cite.html");
  const boxes = await page.locator("article div.highlight pre").count();
  assert.ok(boxes >= 5, `${boxes} boxes`);
  assert.equal(await page.locator("article button.copybtn").count(), boxes);
  assert.deepEqual(problems, []);
  await close();
});
