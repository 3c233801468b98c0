// Every link inside the site, and every anchor it names; read from the files, without a browser.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { SITE, pages, read } from "./site.mjs";

const decode = (text) => text.replace(/&amp;/g, "&").replace(/&#39;/g, "'").replace(/&quot;/g, '"');

/** The values of one attribute in a page; scripts and comments left out, since they are not markup. */
function attributes(html, name) {
  const markup = html.replace(/<!--[\s\S]*?-->|<script\b[\s\S]*?<\/script>/g, "");
  return [...markup.matchAll(new RegExp(`<[a-z][^>]*?\\s${name}="([^"]*)"`, "gi"))].map((match) => decode(match[1]));
}

const anchors = new Map();
function anchorsOf(page) {
  if (!anchors.has(page)) {
    const html = read(page);
    anchors.set(page, new Set([...attributes(html, "id"), ...attributes(html, "name")]));
  }
  return anchors.get(page);
}

/** Why a link does not lead anywhere, or null. */
function fault(page, href) {
  if (/^(https?|mailto|data|javascript|blob):/i.test(href)) return null;
  const [address, fragment] = href.split("#");
  const file = decodeURIComponent(address.split("?")[0]);
  const target = file === "" ? page : path.posix.join(path.posix.dirname(page), file);
  if (target.startsWith("..")) return `${page}: ${href} leaves the site`;
  if (!fs.statSync(path.join(SITE, target), { throwIfNoEntry: false })?.isFile()) return `${page}: ${href}: no such file`;
  if (!fragment || !target.endsWith(".html")) return null;
  if (anchorsOf(target).has(decodeURIComponent(fragment))) return null;
  return `${page}: ${href}: no such anchor`;
}

test("every link and anchor resolves", () => {
  const found = [];
  let count = 0;
  for (const page of [...pages(), "index.html"]) {
    const html = read(page);
    const refresh = [...html.matchAll(/http-equiv="refresh"[^>]*url=([^"]+)"/gi)].map((match) => match[1]);
    for (const href of new Set([...attributes(html, "href"), ...attributes(html, "src"), ...refresh])) {
      count += 1;
      const why = fault(page, href);
      if (why) found.push(why);
    }
  }
  assert.ok(count > pages().length, "no links were found at all");
  assert.deepEqual(found, []);
});

test("every figure has an address of its own", () => {
  const found = [];
  let count = 0;
  for (const page of pages()) {
    const markup = read(page).replace(/<!--[\s\S]*?-->|<script\b[\s\S]*?<\/script>/g, "");
    for (const [tag] of markup.matchAll(/<figure\b[^>]*>/g)) {
      count += 1;
      if (!/\sid="fig-[^"]+"/.test(tag)) found.push(`${page}: ${tag}`);
    }
  }
  assert.ok(count > 0, "no figures were found at all");
  assert.deepEqual(found, []);
});
