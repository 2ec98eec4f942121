import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chromiumPath } from '../helpers/chromium.ts';
import { type ServedFolder, serveFolder } from './serve-folder.ts';

// The built page in a real browser, as a person uses it. PLAYGROUND_SCREENSHOTS names a folder for pictures to look at.
const root = fileURLToPath(new URL('../../examples/playground', import.meta.url));
const PATH = '/some/folder/';
const WIDE = { width: 1280, height: 900 };
const POLL = { timeout: 30_000 };
const PHONE = { width: 360, height: 740 };

let folder: string;
let server: ServedFolder;
let browser: Browser;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catrs-playground-'));
  await build({ root, logLevel: 'error', build: { outDir: folder, emptyOutDir: true } });
  const html = await readFile(join(folder, 'index.html'), 'utf8');
  const [, policy = ''] = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(html) ?? [];
  expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';");
  expect(policy).not.toMatch(/'unsafe-(inline|eval)'|https?:|data:|blob:|\*/);
  server = await serveFolder(folder, PATH, policy);
  browser = await chromium.launch({
    executablePath: chromiumPath,
    args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-sync'],
  });
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  complaints = [];
  page = await openPage(WIDE);
});

afterEach(async () => {
  const violations = await page.evaluate(() => (globalThis as unknown as { violations: string[] }).violations);
  await page.context().close();
  expect([...complaints, ...violations]).toEqual([]);
});

/** Opens the page and waits until it is ready; whatever is wrong with it is collected. */
async function openPage(
  viewport: { width: number; height: number },
  scheme: 'light' | 'dark' = 'light',
): Promise<Page> {
  const opened = await (await browser.newContext({ viewport, colorScheme: scheme })).newPage();
  opened.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  opened.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  opened.on('request', (request) => {
    if (!request.url().startsWith(server.origin + PATH)) complaints.push(`request to ${request.url()}`);
  });
  opened.on('response', (response) => {
    if (!response.ok()) complaints.push(`${response.status()} ${response.url()}`);
  });
  await opened.addInitScript(() => {
    const violations: string[] = [];
    Object.assign(globalThis, { violations });
    document.addEventListener('securitypolicyviolation', (event) => {
      violations.push(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  await opened.goto(server.origin + PATH);
  await opened.locator('#certify:enabled').waitFor();
  return opened;
}

async function screenshot(name: string): Promise<void> {
  const into = process.env['PLAYGROUND_SCREENSHOTS'];
  if (into !== undefined) await page.screenshot({ path: join(into, `${name}.png`), fullPage: true });
}

/** Draws lines with the mouse; coordinates in pixels of the digit, 0 to 28. */
async function draw(strokes: readonly (readonly (readonly [x: number, y: number])[])[]): Promise<void> {
  const box = await page.locator('#pad').boundingBox();
  if (box === null) throw new Error('no pad');
  const scale = box.width / 28;
  for (const [first, ...rest] of strokes) {
    await page.mouse.move(box.x + first![0] * scale, box.y + first![1] * scale);
    await page.mouse.down();
    for (const [x, y] of rest) await page.mouse.move(box.x + x * scale, box.y + y * scale, { steps: 5 });
    await page.mouse.up();
  }
}

const circle = Array.from({ length: 25 }, (_, i) => {
  const angle = (2 * Math.PI * i) / 24;
  return [14 + 5.5 * Math.sin(angle), 14 - 8 * Math.cos(angle)] as const;
});

interface Shown {
  readonly label: number;
  readonly radius: number;
  readonly firstMs: number;
}

/** What the column of a model says, once it has concluded. */
async function certificate(model: string): Promise<Shown> {
  const column = page.locator(`#certificates [data-model=${model}][data-label]`);
  await column.waitFor();
  const read = async (name: string): Promise<number> => Number(await column.getAttribute(`data-${name}`));
  return { label: await read('label'), radius: await read('radius'), firstMs: await read('first-ms') };
}

describe('the playground', () => {
  it('certifies a drawn digit with two models, and shows the same under attack', async () => {
    await draw([circle]);
    await page.click('#certify');
    const [gaussian, catrs] = [await certificate('gaussian'), await certificate('catrs')];
    for (const { label, radius, firstMs } of [gaussian, catrs]) {
      expect(label).toBe(0);
      expect(radius).toBeGreaterThan(0.5);
      expect(radius).toBeLessThan(1.6); // what 2000 unanimous votes prove at most
      expect(firstMs).toBeGreaterThan(0);
    }
    console.log(
      `first verdict on a drawing: ${gaussian.firstMs} ms (Gaussian), ${catrs.firstMs} ms (CAT-RS), both at once`,
    );
    await expect
      .poll(() => page.textContent('#verdict'), POLL)
      .toMatch(/Gaussian: 0 within radius \d\.\d{3}; 2000 votes in/);
    await page.fill('#epsilon', '0.5');
    await page.click('#attack');
    await page.locator('#attacks [data-model=catrs]').waitFor();
    expect(await page.locator('#attacks [data-model=catrs]').textContent()).toContain('within the certified radius');
    expect(await page.locator('#attacks [data-model=catrs] [data-broken]').nth(1).getAttribute('data-broken')).toBe(
      'false',
    );
    await screenshot('drawn');
    await page.fill('#epsilon', '5');
    await page.click('#attack');
    await expect.poll(() => page.textContent('#attacks'), POLL).toContain('beyond the certified radius');
    expect(await page.textContent('#attack-verdict')).toContain('broken');
    await screenshot('attacked');
  });

  it('asks one model on WASM, one thread, and says so; the first verdict takes less than a second', async () => {
    expect(await page.textContent('#backend-note')).toMatch(/Running on WASM, one thread\.$/);
    await page.selectOption('#models', 'catrs');
    const times: number[] = [];
    for (let round = 0; round < 5; round++) {
      await page.click('#clear');
      await draw([circle]);
      await page.click('#certify');
      times.push((await certificate('catrs')).firstMs);
    }
    console.log(`first verdict on a drawing, one model: ${times.join(', ')} ms`);
    expect(times.sort((a, b) => a - b)[2]).toBeLessThan(1000); // the median: others may need the machine for a moment
  });

  it('stops when asked, with a valid certificate, and forgets it when the image changes', async () => {
    await page.selectOption('#n', '100000');
    await page.click('#choices button:nth-child(3)');
    await page.click('#certify');
    await page.waitForFunction(() =>
      /[1-9]\d\d votes/.test(document.querySelector('#certificates')?.textContent ?? ''),
    );
    await page.click('#stop');
    expect((await certificate('catrs')).radius).toBeGreaterThan(0);
    await expect.poll(() => page.textContent('#verdict'), POLL).toContain('stopped by you');
    await page.click('#certify');
    await page.locator('#certificates article').first().waitFor();
    await page.click('#choices button:nth-child(4)');
    expect(await page.locator('#certificates article').count()).toBe(0);
  });

  it('says what is wrong: nothing drawn, too few votes for alpha', async () => {
    await page.click('#certify');
    expect(await page.textContent('#verdict')).toBe('Draw or pick a digit first.');
    await page.evaluate(() => ((document.querySelector('#n option') as HTMLOptionElement).value = '3'));
    await page.selectOption('#n', '3');
    await page.click('#choices button');
    await page.click('#certify');
    await expect.poll(() => page.textContent('#verdict'), POLL).toMatch(/`n` must be at least \d+/);
  });

  it('falls back to WASM, and says so, where WebGPU does not start', async () => {
    await page.route('**/worker-*.js', async (route) => {
      const response = await route.fetch();
      const gpu = '{ requestAdapter: async () => ({ requestDevice: async () => { throw new Error("no device"); } }) }';
      const fake = `Object.defineProperty(navigator, 'gpu', { value: ${gpu} });`;
      await route.fulfill({ response, body: fake + (await response.text()) });
    });
    await page.reload();
    await page.locator('#certify:enabled').waitFor();
    expect(await page.textContent('#backend-note')).toMatch(/^WebGPU did not start: .+ Running on WASM, one thread\.$/);
    expect(await page.inputValue('#backend')).toBe('wasm');
    await page.click('#choices button');
    await page.click('#certify');
    expect((await certificate('catrs')).radius).toBeGreaterThan(0);
    // TensorFlow.js prints what went wrong, too.
    expect(complaints.length).toBeGreaterThan(0);
    complaints = complaints.filter((complaint) => !/webgpu|no device/i.test(complaint));
  });

  it('says which file is missing', async () => {
    await page.route('**/models/catrs.safetensors', (route) => route.fulfill({ status: 404, body: '' }));
    await page.reload();
    await expect
      .poll(() => page.textContent('#backend-note'), POLL)
      .toMatch(/could not start: cannot load .*catrs\.safetensors: 404/);
    expect(await page.isDisabled('#certify')).toBe(true);
    complaints = complaints.filter((complaint) => !complaint.includes('404'));
  });

  it('trains a small network, shows its curve, and certifies with it', async () => {
    await page.click('#train');
    await page.waitForFunction(
      () => /step (6[1-9]|[7-9]\d|\d{3})/.test(document.querySelector('#train-state')?.textContent ?? ''),
      undefined,
      {
        timeout: 120_000,
      },
    );
    await page.click('#train');
    await expect.poll(() => page.textContent('#train-state'), POLL).toContain('Stopped after');
    expect(await page.locator('#curve polyline').first().getAttribute('points')).toMatch(/^[\d., ]{50,}$/);
    await page.selectOption('#models', 'live');
    await page.click('#choices button:nth-child(1)');
    await page.click('#certify');
    expect((await certificate('live')).label).toBeGreaterThanOrEqual(-1);
    await screenshot('trained');
  });

  it('works by keyboard alone', async () => {
    const tabTo = async (selector: string): Promise<void> => {
      for (let i = 0; i < 60; i++) {
        if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
        await page.keyboard.press('Tab');
      }
      throw new Error(`${selector} cannot be reached by the Tab key`);
    };
    await tabTo('#pad');
    for (let i = 0; i < 8; i++) await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    for (let i = 0; i < 16; i++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(await page.textContent('#pad-state')).toMatch(/^Pen up, column 14, row 22$/);
    await screenshot('keyboard');
    await tabTo('#certify');
    await page.keyboard.press('Enter');
    expect((await certificate('catrs')).label).toBe(1);
    await tabTo('#attack');
    await page.keyboard.press('Enter');
    await page.locator('#attacks [data-model=catrs]').waitFor();
  });

  it('needs no network once it is loaded', async () => {
    await page.context().setOffline(true);
    await page.click('#choices button:nth-child(5)');
    await page.click('#certify');
    expect((await certificate('gaussian')).radius).toBeGreaterThan(0);
    await page.click('#attack');
    await page.locator('#attacks [data-model=catrs]').waitFor();
  });

  it('fits a phone, in light and in dark', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      await page.context().close();
      page = await openPage(PHONE, scheme);
      await page.click('#choices button:nth-child(8)');
      await page.click('#certify');
      await certificate('catrs');
      await page.click('#attack');
      await page.locator('#attacks [data-model=catrs]').waitFor();
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(width).toBeLessThanOrEqual(PHONE.width);
      await screenshot(`phone-${scheme}`);
    }
  });
});
