// Reads every page of a folder in Chromium as people do: at three widths, in both colour schemes,
// without script, on paper. What is wrong is printed, a line each; nothing printed is right.
//
//     node read.mjs FOLDER_OF_NODE_MODULES FOLDER_OF_PAGES [MILLISECONDS_TO_OPEN]
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, folder, limit] = process.argv.slice(2);
const require = createRequire(join(modules, "package.json"));
const puppeteer = require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const views = [
  { width: 360, scheme: "light" },
  { width: 768, scheme: "dark" },
  { width: 1280, scheme: "light" },
  { width: 1280, scheme: "dark" },
];
const faults = [];

const browser = await puppeteer.launch({
  executablePath: ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync),
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
for (const name of readdirSync(folder).filter((name) => name.endsWith(".html")).sort()) {
  const url = pathToFileURL(join(folder, name)).href;
  const fault = (text) => faults.push(`${name}: ${text}`);
  if (limit) {
    await opens(url, fault);
    continue;
  }
  for (const view of views) {
    await withPage(url, fault, { view }, (page, say) => looks(page, say, view));
  }
  await withPage(url, fault, { view: views[2] }, filters);
  await withPage(url, fault, { view: views[2], script: false }, readsWithoutScript);
  await withPage(url, fault, { view: views[2] }, prints);
}
await browser.close();
for (const text of faults) console.log(text);

// A page in which every request, error and dialog is a fault.
async function withPage(url, fault, { view, script = true }, act) {
  const say = (text) => fault(`${view.width} ${view.scheme}${script ? "" : " without script"}: ${text}`);
  const page = await browser.newPage();
  const session = await page.createCDPSession();
  await session.send("Network.enable");
  session.on("Network.requestWillBeSent", ({ request }) => {
    if (request.url !== url && !request.url.startsWith("data:")) say(`asks for ${request.url}`);
  });
  page.on("pageerror", (error) => say(`error: ${error.message}`));
  page.on("console", (message) => say(`console: ${message.text()}`));
  page.on("dialog", (dialog) => {
    say(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.setViewport({ width: view.width, height: 900 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: view.scheme }]);
  await page.setJavaScriptEnabled(script);
  await page.goto(url, { waitUntil: "load" });
  await act(page, say);
  await page.close();
}

async function looks(page, say, view) {
  const seen = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    heading: document.querySelector("h1")?.textContent.trim(),
    ground: getComputedStyle(document.documentElement).backgroundColor,
    strange: Array.from(document.querySelectorAll("iframe, img, object, embed, form, base, [onerror], [onload], [onclick], [style]"), (it) => it.outerHTML.slice(0, 80)),
    scripts: document.scripts.length,
    away: Array.from(document.links, (it) => it.getAttribute("href")).filter((it) => !it.startsWith("#")),
    lost: Array.from(document.links, (it) => it.getAttribute("href").slice(1)).filter((it) => !document.getElementById(it)),
  }));
  if (seen.wide > 0) say(`the page is ${seen.wide} pixels too wide`);
  if (!seen.heading) say("no heading");
  if (seen.scripts !== 1) say(`${seen.scripts} scripts`);
  for (const it of seen.strange) say(`what no template has: ${it}`);
  for (const it of seen.away) say(`a link away: ${it}`);
  for (const it of seen.lost) say(`a link to nothing: #${it}`);
  const dark = seen.ground !== "rgb(255, 255, 255)";
  if (dark !== (view.scheme === "dark")) say(`its ground is ${seen.ground}`);
  // Folded text is read too.
  await page.evaluate(() => document.querySelectorAll("details").forEach((it) => (it.open = true)));
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const it of violations) say(`axe: ${it.id}: ${it.help}: ${it.nodes[0].html.slice(0, 120)}`);
}

async function filters(page, say) {
  for (const input of await page.$$("input[data-filter]")) {
    const count = () => input.evaluate((it) => Array.from(document.querySelectorAll(it.dataset.filter)).filter((line) => !line.hidden).length);
    const all = await count();
    if (await input.evaluate((it) => it.closest(".filter").hidden)) {
      if (all > 1) say("a filter stays hidden");
      continue;
    }
    await input.evaluate((it) => {
      it.value = "no line says this";
      it.dispatchEvent(new Event("input"));
    });
    if ((await count()) !== 0) say("a filter leaves what does not match");
    await input.evaluate((it) => {
      it.value = "";
      it.dispatchEvent(new Event("input"));
    });
    if ((await count()) !== all) say("an empty filter does not show all");
  }
}

async function readsWithoutScript(page, say) {
  const seen = await page.evaluate(() => ({
    heading: document.querySelector("h1").checkVisibility(),
    filters: Array.from(document.querySelectorAll(".filter"), (it) => it.checkVisibility()),
    folded: Array.from(document.querySelectorAll("details"), (it) => it.open).filter(Boolean).length,
  }));
  if (!seen.heading) say("no heading is seen");
  if (seen.filters.includes(true)) say("a filter is shown that cannot work");
  const first = await page.$("details > summary");
  if (first) {
    await first.evaluate((it) => it.scrollIntoView({ block: "center" }));
    await first.click();
    const isOpen = await first.evaluate((it) => it.parentElement.open);
    if (!isOpen) say("what is folded does not fold out");
  }
}

async function prints(page, say) {
  await page.emulateMediaType("print");
  const hidden = await page.evaluate(() => Array.from(document.querySelectorAll("details > :not(summary, .filter)"))
    .filter((it) => !it.checkVisibility({ contentVisibilityAuto: false }) || it.getBoundingClientRect().height === 0)
    .map((it) => it.outerHTML.slice(0, 80)));
  if (hidden.length > 0) say(`${hidden.length} folded parts are not printed: ${hidden[0]}`);
  const paper = await page.pdf({ format: "A4" });
  if (Buffer.from(paper.slice(0, 5)).toString() !== "%PDF-") say("no PDF");
}

// How long a page takes from its address to its first picture, the best of three.
async function opens(url, fault) {
  let best = Infinity;
  for (let at = 0; at < 3; at += 1) {
    const page = await browser.newPage();
    await page.setViewport({ width: 1280, height: 900 });
    const begun = performance.now();
    await page.goto(url, { waitUntil: "load" });
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    best = Math.min(best, performance.now() - begun);
    await page.close();
  }
  console.error(`${url}: opens in ${Math.round(best)} ms`);
  if (best > Number(limit)) fault(`opens in ${Math.round(best)} ms, more than ${limit}`);
}
