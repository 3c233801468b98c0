// What the browser tests share: where the site is, its pages, a browser, a page that keeps count of what went
// wrong, and a small server. README.md says how a test uses it.

import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));

/** The folder of the built site: `_build/html` of this checkout, or what SITE names. */
export const SITE = path.resolve(process.env.SITE || path.join(CHECKOUT, "_build", "html"));

if (!fs.existsSync(path.join(SITE, "index.html"))) {
  throw new Error(`There is no built book in ${SITE}: run "make book" first, or name another with SITE=folder.`);
}

/** How many pages a test opens at once. */
export const AT_ONCE = 2;

const CHROMIUM = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

// What Debian's Chromium would draw above the page, were there a window: a process and a second for each page. The
// rest is what Playwright switches off by itself, since only the last such list counts.
const UNSEEN = [
  "WebUIOmniboxPopup",
  "WebUIOmniboxAimPopup",
  "AvoidUnnecessaryBeforeUnloadCheckSync",
  "BoundaryEventDispatchTracksNodeRemoval",
  "DestroyProfileOnBrowserClose",
  "DialMediaRouteProvider",
  "GlobalMediaControls",
  "HttpsUpgrades",
  "LensOverlay",
  "MediaRouter",
  "PaintHolding",
  "ThirdPartyStoragePartitioning",
  "Translate",
];

// Milliseconds to wait for what must come: a busy machine is slow, and that is not what is tested.
const PATIENCE = 120_000;

const HOST = "127.0.0.1";

const TYPES = {
  ".css": "text/css",
  ".csv": "text/csv",
  ".html": "text/html; charset=utf-8",
  ".ipynb": "application/x-ipynb+json",
  ".js": "text/javascript",
  ".json": "application/json",
  ".mjs": "text/javascript",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".woff": "font/woff",
  ".woff2": "font/woff2",
};

function* walk(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const below = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(below);
    else yield below;
  }
}

/**
 * Every page of the site, relative to SITE, in alphabetical order.
 *
 * Not the theme's templates in _static, nor pages that only send the reader on to another.
 */
export function pages() {
  return [...walk(SITE)]
    .map((file) => path.relative(SITE, file).split(path.sep).join("/"))
    .filter((page) => page.endsWith(".html") && !page.startsWith("_"))
    .filter((page) => !/http-equiv="refresh"/i.test(read(page).slice(0, 500)))
    .sort();
}

/** The text of a file of the site. */
export function read(page) {
  return fs.readFileSync(path.join(SITE, page), "utf8");
}

/** The file of the site that an address of `open` or `serve` means, or null for another address. */
export function atSite(url) {
  const home = pathToFileURL(SITE).pathname;
  const { protocol, pathname, hostname } = new URL(url);
  const below =
    protocol === "file:" && pathname.startsWith(`${home}/`) ? pathname.slice(home.length) : hostname === HOST ? pathname : null;
  if (below === null) return null;
  const file = path.join(SITE, path.normalize(decodeURIComponent(below)));
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ? file : null;
}

/** Start Debian's Chromium; nothing is downloaded. */
export async function launch() {
  const executablePath = CHROMIUM.find((file) => file && fs.existsSync(file));
  if (!executablePath) throw new Error("Chromium is needed: install it (apt-get install chromium), or name it with CHROMIUM=file.");
  return chromium.launch({
    executablePath,
    // The sandbox of Chromium does not start for root, which is who runs in a container.
    args: [
      "--disable-gpu",
      "--disable-background-networking",
      `--disable-features=${UNSEEN.join(",")}`,
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
    ],
  });
}

/**
 * Open a page of the site in a context of its own, and wait until nothing loads any more and formulas are set.
 *
 * @param browser what `launch` gave
 * @param {string} name page relative to SITE, with #fragment or ?query if wanted
 * @param options width, height (pixels), scheme ("light", "dark"), still (reduced motion), touch, scripts (run
 *   them), formulas (set them, which is half of the work of opening a page), base (the address of `serve`; without
 *   one the page is opened as file://), prepare (called with the page before it goes anywhere)
 * @returns {{page, problems, requests, close}} Playwright's page; what the console warned of, which requests
 *   failed or left the site, as sentences; every request as {url, type, bytes}; and a function that closes it
 */
export async function open(browser, name, options = {}) {
  const { width = 1280, height = 900, scheme = "light", still = true, touch = false, scripts = true, formulas = true, base, prepare } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: still ? "reduce" : "no-preference",
    hasTouch: touch,
    javaScriptEnabled: scripts,
  });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const home = base ?? pathToFileURL(SITE).href;
  const problems = [];
  const requests = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("requestfailed", (request) => problems.push(`request failed: ${request.url()}`));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(home) && !/^(data|blob|about):/.test(url)) problems.push(`request leaves the site: ${url}`);
  });
  page.on("response", (response) => {
    const url = response.url();
    if (response.status() >= 400) problems.push(`request answered ${response.status()}: ${url}`);
    if (atSite(url)) requests.push({ url, type: response.request().resourceType(), bytes: fs.statSync(atSite(url)).size });
  });
  if (!formulas) await page.route(/\/mathjax\/[^/]*\.js/, (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
  if (prepare) await prepare(page);
  await page.goto(`${home}/${name}`, { waitUntil: "load" });
  // Formulas bring fonts with them. (Playwright's own "networkidle" sometimes never comes on file:// pages.)
  if (scripts) {
    await page.evaluate(async () => {
      await window.MathJax?.startup?.promise;
      await document.fonts.ready;
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    });
  }
  return { page, problems, requests, close: () => context.close() };
}

/** Serve the site on a free port of this machine; `base` is its address. */
export async function serve() {
  const server = http.createServer((request, response) => {
    const file = atSite(new URL(request.url, `http://${HOST}`).href);
    if (file === null) {
      // Browsers ask for this one by themselves, unless a page names an icon.
      response.writeHead(request.url === "/favicon.ico" ? 204 : 404).end();
      return;
    }
    const type = TYPES[path.extname(file)] ?? "application/octet-stream";
    response.writeHead(200, { "content-type": type, "content-length": fs.statSync(file).size });
    fs.createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, HOST, resolve));
  return { base: `http://${HOST}:${server.address().port}`, close: () => server.close() };
}
