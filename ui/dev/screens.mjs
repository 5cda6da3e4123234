/**
 * Looks at every screen in headless Chromium: screenshots to `target/screens/shots` of the repository, axe-core on each, sideways overflow,
 * violations of the CSP, keys, both renderers. Exits 1 with the list of faults.
 *   node dev/screens.mjs [--only NAME|behaviour|hostile]
 */
import { createServer } from 'node:http';
import { mkdir, readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { checkBehaviour } from './behaviour.mjs';
import { checkWaysOn } from './waysOn.mjs';
import { checkHostileTexts } from './hostileCheck.mjs';
import { startFrameServer } from './frame-server.mjs';
import { extras, variants } from './variants.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
if (!existsSync(executablePath)) {
  console.log(`SKIPPED screens: no ${executablePath}`);
  process.exit(0);
}
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : null;
const shots = here('../../target/screens/shots');
const faults = [];
await mkdir(shots, { recursive: true });
await build({ configFile: here('../vite.screens.config.ts') });
const site = await serveSite(here('../../target/screens/site'));
const frames = await startFrameServer();
const browser = await chromium.launch({
  executablePath,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--enable-unsafe-swiftshader', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

const started = performance.now();
let count = 0;
for (const variant of variants) {
  const page = await openPage(variant);
  const names = await page.evaluate(() => window.duet.names);
  for (const name of names) await look(page, variant, name, name);
  for (const extra of extras) await look(page, variant, extra.fixture, extra.name, extra.act);
  await page.close();
}
if (!only || only === 'behaviour') {
  await checkBehaviour({ openPage, frames, fault: (text) => faults.push(text) });
  await checkWaysOn({ openPage, fault: (text) => faults.push(text) });
}
if (!only || only === 'hostile') await checkHostileTexts({ openPage, fault: (text) => faults.push(text) });
await browser.close();
frames.close();
site.close();
console.log(`${count} screens in ${((performance.now() - started) / 1000).toFixed(0)} s`);
for (const fault of faults) console.log(`FAULT ${fault}`);
console.log(`${count - new Set(faults).size} passed, ${faults.length} failed`);
process.exit(faults.length === 0 ? 0 : 1);

async function look(page, variant, fixture, name, act) {
  if (only && name !== only) return;
  count += 1;
  const where = `${name} ${variant.name}`;
  // The small windows have sizes of their own, and grow with the text.
  await page.setViewportSize(sizeOf(name, variant));
  await page.evaluate(([screen, options]) => window.duet.show(screen, options), [fixture, variant.options]);
  await page.waitForFunction(() => [...document.querySelectorAll('canvas')].every((canvas) => canvas.width !== 300), undefined, { timeout: 5000 }).catch(() => faults.push(`${where}: no picture`));
  if (act) await act(page);
  // Fades are over and the tooltip of the first focus is not there.
  await page.waitForTimeout(150);
  await page.screenshot({ path: `${shots}/${name}.${variant.name}.png` });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth || document.documentElement.scrollHeight > innerHeight);
  if (wide) faults.push(`${where}: the page itself scrolls`);
  for (const what of await page.evaluate(cutOff)) faults.push(`${where}: cut off: ${what}`);
  const { violations } = await page.evaluate((rules) => window.axe.run(document, { resultTypes: ['violations'], ...(rules ? { runOnly: rules } : {}) }), variant.rules);
  for (const { id, impact, nodes } of violations) {
    const at = `${nodes[0].html.slice(0, 140)} ${(nodes[0].failureSummary ?? '').split('\n').slice(1, 2)}`;
    if (impact === 'serious' || impact === 'critical') faults.push(`${where}: axe ${id} (${nodes.length}) ${at}`);
    else if (variant.options.language === 'en') console.log(`note ${where}: axe ${id} (${impact}) ${at}`);
  }
  await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur());
}

/** Buttons and fields that stand wholly or partly outside, to the left or right, of what clips or scrolls them. */
function cutOff() {
  const found = [];
  for (const control of document.querySelectorAll('button, input, textarea')) {
    const box = control.getBoundingClientRect();
    if (box.width === 0 || !control.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    for (let around = control.parentElement; around; around = around.parentElement) {
      const edge = around.getBoundingClientRect();
      const inTopLayer = around.matches(':popover-open, dialog');
      if (getComputedStyle(around).overflowX === 'visible' && around !== document.body && !inTopLayer) continue;
      if (box.left < edge.left - 1 || box.right > edge.right + 1) found.push(`${control.dataset.testid ?? control.outerHTML.slice(0, 80)} in .${around.className}`);
      if (inTopLayer) break;
    }
  }
  return found;
}

/** Playwright takes whole pixels only. */
function sizeOf(name, { size, options: { textPercent } }) {
  const small = (width, height) => ({ width: Math.round((width * textPercent) / 100), height: Math.round((height * textPercent) / 100) });
  if (name.startsWith('incoming-window')) return small(360, 460);
  return name.startsWith('sharing-window') ? small(420, 48) : size;
}

async function openPage(variant) {
  const page = await browser.newPage({ viewport: variant.size, reducedMotion: 'reduce' });
  page.on('pageerror', (error) => faults.push(`${variant.name}: ${error.stack}`));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`${variant.name}: console: ${message.text()}`);
  });
  await page.goto(`${site.url}/index.html?frames=${encodeURIComponent(frames.url)}`);
  await page.evaluate(axe.source);
  return page;
}

/** The built files under the CSP of the product, as it is: it lets a page talk to any port of 127.0.0.1, where our frames come from, too. */
async function serveSite(root) {
  const { csp } = JSON.parse(await readFile(here('../../tauri.conf.json'), 'utf8')).app.security;
  if (!csp) throw new Error('tauri.conf.json has no CSP');
  const types = { html: 'text/html', js: 'text/javascript', css: 'text/css' };
  const server = createServer(async (request, response) => {
    try {
      const path = new URL(request.url, 'http://x').pathname;
      const body = await readFile(`${root}${path}`);
      response.writeHead(200, {
        'content-type': types[path.split('.').pop()] ?? 'application/octet-stream',
        'content-security-policy': csp,
      });
      response.end(body);
    } catch {
      response.writeHead(request.url === '/favicon.ico' ? 204 : 404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
