// Draw the picture that a link to the book shows in messages, from the figure on the cover of the built site:
// node cover.mjs, after "make book". It is kept in book/_static/cover.png.

import { fileURLToPath } from "node:url";
import { launch, read } from "./site.mjs";

const OUT = fileURLToPath(new URL("../../book/_static/cover.png", import.meta.url));
const FIGURE = "_images/forty-reversal-points-forty-reversal-points.svg";

const title = /<h1>([^<]*)/.exec(read("book/index.html"))[1];
const figure = Buffer.from(read(FIGURE)).toString("base64");

const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1200, height: 630 } });
await page.setContent(`
  <style>
    ${read("_static/fonts/fonts.css")}
    body { margin: 0; width: 1200px; height: 630px; box-sizing: border-box; padding: 44px 60px; background: #fff;
           border-top: 14px solid #00687a; font-family: "Source Serif 4"; color: #23253a; display: flex; flex-direction: column; }
    h1 { margin: 0; text-wrap: balance; font-size: 52px; line-height: 1.1; font-weight: 600; letter-spacing: -0.01em; }
    p { margin: 14px 0 0; font-size: 27px; color: #5c6070; }
    img { flex: 1; min-height: 0; object-fit: contain; object-position: center bottom; margin-top: 12px; }
  </style>
  <h1>${title}</h1>
  <p>Forty neurons, forty reversal points: an executable book</p>
  <img src="data:image/svg+xml;base64,${figure}" alt="">`);
await page.evaluate(() => document.fonts.ready);
await page.screenshot({ path: OUT });
await browser.close();
