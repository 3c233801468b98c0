// What a reader does: goes about with the keyboard, searches, downloads, changes to dark, prints, from a folder
// and from a server.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { AT_ONCE, launch, open, pages, read, serve } from "./site.mjs";

const COVER = "book/index.html";
const CHAPTER = pages().find((page) => page.endsWith("/learning-to-predict.html"));

let browser;
let server;
before(async () => {
  browser = await launch();
  server = await serve();
});
after(async () => {
  server.close();
  await browser.close();
});

/** What has the focus: its name, where it is, and whether it can be seen to have it. */
function focused() {
  const element = document.activeElement;
  // The arrows of the table of contents show it on what they hold.
  const shown = element.querySelector(":scope > .toctree-toggle") ?? element;
  const style = getComputedStyle(shown);
  const box = shown.getBoundingClientRect();
  return {
    what: `${element.tagName.toLowerCase()}.${element.className}`,
    name: (element.getAttribute("aria-label") ?? [element, ...(element.labels ?? [])].map(({ textContent }) => textContent).join(" "))
      .trim()
      .replace(/\s+/g, " "),
    within: ["#pst-skip-link", "#pst-primary-sidebar", ".bd-header-article", "article", ".prev-next-footer"].find((place) => element.closest(place)),
    outlined: (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== "none",
    visible: box.width > 0 && box.height > 0,
  };
}

/** Press the tabulator key until nothing new gets the focus, at most `limit` times. */
async function tabThrough(page, limit) {
  const stops = [];
  for (let press = 0; press < limit; press++) {
    await page.keyboard.press("Tab");
    stops.push(await page.evaluate(focused));
  }
  return stops;
}

describe("the keyboard", { concurrency: AT_ONCE }, () => {
  test("skips to the words first", async () => {
    const { page, close } = await open(browser, CHAPTER);
    await page.keyboard.press("Tab");
    assert.match((await page.evaluate(focused)).name, /^Skip to/);
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    const after = await page.evaluate(() => document.activeElement.closest("main") !== null);
    assert.ok(after, "the next stop is not in the main part of the page");
    await close();
  });

  test("reaches every part of a page, and shows where it is", async () => {
    const { page, close } = await open(browser, CHAPTER);
    const stops = await tabThrough(page, 90);
    const places = new Set(stops.map(({ within }) => within));
    for (const place of ["#pst-skip-link", "#pst-primary-sidebar", ".bd-header-article", "article"]) {
      assert.ok(places.has(place), `nothing in ${place} gets the focus`);
    }
    const lost = stops.filter(({ outlined, visible }) => !outlined || !visible);
    assert.deepEqual(lost, []);
    assert.deepEqual(stops.filter(({ name }) => name === ""), [], "stops without a name");
    await close();
  });

  test("reaches what is under every figure", async () => {
    const { page, close } = await open(browser, CHAPTER);
    const unreachable = await page.evaluate(() =>
      [...document.querySelectorAll("figure :is(a, button, summary, input)")]
        .filter((element) => element.offsetParent !== null && (element.tabIndex < 0 || element.disabled))
        .map((element) => element.outerHTML.slice(0, 120)),
    );
    assert.deepEqual(unreachable, []);
    await close();
  });

  test("unfolds code", async () => {
    const { page, close } = await open(browser, CHAPTER);
    const code = page.locator("article details.hide").first();
    assert.equal(await code.getAttribute("open"), null);
    await code.locator("summary").focus();
    await page.keyboard.press("Enter");
    assert.notEqual(await code.getAttribute("open"), null);
    assert.ok(await code.locator("pre").first().isVisible());
    await close();
  });

  test("opens the list of chapters on a phone, and closes it", async () => {
    const { page, close } = await open(browser, CHAPTER, { width: 390, touch: true, formulas: false });
    const chapters = page.locator("#pst-primary-sidebar-modal nav.bd-links a").first();
    assert.equal(await chapters.isVisible(), false);
    await page.locator("button.primary-toggle").click();
    await chapters.waitFor({ state: "visible" });
    await page.keyboard.press("Escape");
    await chapters.waitFor({ state: "hidden" });
    await close();
  });
});

/** Keep the scheme that the page has when its body begins, before anything can be painted. */
function noteFirstTheme() {
  new MutationObserver((_, observer) => {
    if (!document.body) return;
    window.firstTheme = document.documentElement.dataset.theme;
    observer.disconnect();
  }).observe(document, { childList: true, subtree: true });
}

describe("light and dark", { concurrency: AT_ONCE }, () => {
  for (const scheme of ["light", "dark"]) {
    test(`${scheme} as the system has it, without a flash of the other`, async () => {
      const { page, close } = await open(browser, CHAPTER, { scheme, formulas: false, prepare: (page) => page.addInitScript(noteFirstTheme) });
      const shown = await page.evaluate(() => [window.firstTheme, getComputedStyle(document.body).backgroundColor]);
      assert.deepEqual(shown, scheme === "dark" ? ["dark", "rgb(18, 18, 18)"] : ["light", "rgb(255, 255, 255)"]);
      await close();
    });
  }

  test("the button changes it, for the next page too", async () => {
    const { page, close } = await open(browser, CHAPTER, { base: server.base });
    const button = page.locator(".theme-switch-button");
    const seen = [];
    for (let press = 0; press < 3; press++) {
      await button.click();
      seen.push(await page.evaluate(() => document.documentElement.dataset.mode));
    }
    assert.deepEqual([...seen].sort(), ["auto", "dark", "light"]);
    while ((await page.evaluate(() => document.documentElement.dataset.mode)) !== "dark") await button.click();
    await page.goto(`${server.base}/${COVER}`);
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    await close();
  });
});

describe("the search", { concurrency: AT_ONCE }, () => {
  for (const kind of ["from a server", "from a folder"]) {
    test(kind, async () => {
      const base = kind === "from a server" ? server.base : undefined;
      const { page, problems, close } = await open(browser, COVER, { base });
      await page.keyboard.press("Control+k");
      await page.locator("#pst-search-dialog input[name=q]").fill("expectile");
      await page.keyboard.press("Enter");
      await page.waitForURL(/search\.html\?q=expectile/);
      const found = page.locator("#search-results li a");
      await found.first().waitFor();
      assert.ok((await found.count()) >= 3, "fewer than three pages about expectiles");
      await page.waitForFunction(() => /finished|found/i.test(document.querySelector("#search-results").textContent));
      if (base) await page.locator("#search-results p.context").first().waitFor();
      assert.deepEqual(problems, []);
      await found.first().click();
      await page.waitForLoadState();
      assert.match(page.url(), /\/book\/.*highlight=expectile|\/book\//);
      await close();
    });
  }
});

/** What is wrong with a notebook that should have been executed, as sentences; the rules of nbformat 4. */
function notebookFaults(notebook) {
  const found = [];
  if (notebook.nbformat !== 4 || !(notebook.nbformat_minor >= 5)) found.push("not in the format 4.5");
  if (!notebook.metadata?.kernelspec?.name) found.push("names no kernel");
  const ids = notebook.cells.map(({ id }) => id);
  if (ids.some((id) => !/^[a-zA-Z0-9_-]{1,64}$/.test(id))) found.push("a cell has no proper id");
  if (new Set(ids).size !== ids.length) found.push("two cells have one id");
  const code = notebook.cells.filter((cell) => cell.cell_type === "code");
  if (code.length === 0) found.push("no code");
  code.forEach((cell, at) => {
    const source = [cell.source].flat().join("");
    if (source.trim() && !(cell.execution_count >= 1)) found.push(`code cell ${at + 1} was not executed`);
    for (const output of cell.outputs) {
      if (output.output_type === "error") found.push(`code cell ${at + 1} ended in ${output.ename}`);
      if (!["stream", "display_data", "execute_result", "error"].includes(output.output_type)) found.push(`code cell ${at + 1}: ${output.output_type}`);
    }
  });
  if (!code.some((cell) => cell.outputs.some(({ data }) => data && ("image/svg+xml" in data || "image/png" in data)))) found.push("shows no figure");
  return found;
}

test("the download of every chapter is a notebook that was executed", async () => {
  const { page, close } = await open(browser, COVER, { base: server.base });
  const chapters = pages().filter((name) => /_sources\/[^"]*\.ipynb/.test(read(name)));
  assert.ok(chapters.length >= 18, `only ${chapters.length} pages offer a notebook`);
  for (const name of chapters) {
    const address = new URL(/href="([^"]*_sources\/[^"]*\.ipynb)"/.exec(read(name))[1], `${server.base}/${name}`);
    const answer = await page.request.get(address.href);
    assert.equal(answer.status(), 200, address.href);
    assert.deepEqual(notebookFaults(await answer.json()), [], name);
  }
  await close();
});

test("nothing moves for those who asked for that", async () => {
  const { page, close } = await open(browser, COVER, { still: true });
  const moving = await page.evaluate(() =>
    [...document.querySelectorAll("*")]
      .filter((element) => {
        const style = getComputedStyle(element);
        const long = (times) => times.split(",").some((time) => parseFloat(time) > 0.01);
        return long(style.transitionDuration) || (style.animationName !== "none" && long(style.animationDuration));
      })
      .map((element) => `${element.tagName.toLowerCase()}.${element.className}`),
  );
  assert.deepEqual(moving, []);
  await close();
});

test("without scripts there are words, figures and chapters to go to", async () => {
  const { page, close } = await open(browser, CHAPTER, { scripts: false });
  assert.ok(await page.locator("article h1").isVisible());
  assert.ok(await page.locator("article figure img").first().isVisible());
  assert.ok(await page.locator("nav.bd-links a").first().isVisible());
  await close();
});

test("on paper there is nothing to press and no figure is cut", async () => {
  const { page, close } = await open(browser, CHAPTER, { scheme: "dark" });
  await page.emulateMedia({ media: "print" });
  const shown = await page.evaluate(() => {
    const visible = (selector) => [...document.querySelectorAll(selector)].some((element) => element.offsetParent !== null);
    return {
      sidebars: visible(".bd-sidebar-primary") || visible(".bd-sidebar-secondary"),
      buttons: visible("button"),
      figures: visible("article figure img"),
      cut: [...document.querySelectorAll("article figure")].filter((figure) => getComputedStyle(figure).breakInside !== "avoid").length,
    };
  });
  assert.deepEqual(shown, { sidebars: false, buttons: false, figures: true, cut: 0 });
  await close();
});

// Printed and never asserted: how fast a page comes depends on the machine, and on what else it does.
test("largest paint from a server (a measurement)", async () => {
  for (const name of [COVER, CHAPTER]) {
    const { page, problems, close } = await open(browser, name, { base: server.base });
    const paint = await page.evaluate(
      () =>
        new Promise((resolve) => {
          new PerformanceObserver((list) => resolve(list.getEntries().at(-1).startTime)).observe({ type: "largest-contentful-paint", buffered: true });
        }),
    );
    console.log(`largest contentful paint of ${name}: ${Math.round(paint)} ms`);
    assert.deepEqual(problems, []);
    await close();
  }
});
