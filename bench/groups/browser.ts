import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serveFolder } from '../../test/examples/serve-folder.ts';
import { chromiumPath } from '../../test/helpers/chromium.ts';
import { cleanEnvironment } from '../peer/environment.ts';
import { median, significant } from '../statistics.ts';
import { type BenchSettings, type GroupResult, roundsOf } from '../targets.ts';

const ROOT = fileURLToPath(new URL('../../examples/playground', import.meta.url));
const PATH = '/playground/';

/** The first certified verdict for a digit on the built playground, each time on a page that has just been loaded. */
export async function measure(settings: BenchSettings): Promise<GroupResult> {
  if (!existsSync(chromiumPath)) {
    return { targets: { P8: { value: null, reason: `no Chromium at ${chromiumPath} (CHROMIUM_PATH names another)` } } };
  }
  const folder = await mkdtemp(join(tmpdir(), 'catrs-bench-'));
  try {
    const seconds = await firstVerdicts(folder, roundsOf(settings, 9));
    return {
      targets: {
        P8: {
          value: significant(median(seconds)),
          details: { 'slowest page': significant(Math.max(...seconds)), seconds },
        },
      },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function firstVerdicts(folder: string, pages: number): Promise<number[]> {
  const [{ build }, { chromium }] = await Promise.all([import('vite'), import('playwright')]);
  await build({ root: ROOT, logLevel: 'error', build: { outDir: folder, emptyOutDir: true } });
  const html = await readFile(join(folder, 'index.html'), 'utf8');
  const [, policy = ''] = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(html) ?? [];
  const server = await serveFolder(folder, PATH, policy);
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    args: ['--no-sandbox', '--no-first-run', '--disable-background-networking', '--disable-sync'],
    env: cleanEnvironment(),
  });
  try {
    const seconds: number[] = [];
    for (let i = 0; i < pages; i++) {
      const page = await (await browser.newContext()).newPage();
      await page.goto(server.origin + PATH);
      await page.locator('#certify:enabled').waitFor();
      const note = await page.textContent('#backend-note');
      if (note === null || !/WASM, one thread/.test(note)) throw new Error(`the page runs on: ${note}`);
      await page.selectOption('#models', 'catrs');
      await page.click(`#choices button:nth-child(${1 + (i % 5)})`);
      await page.click('#certify');
      const shown = page.locator('#certificates [data-model=catrs][data-first-ms]');
      await shown.waitFor();
      seconds.push(Number(await shown.getAttribute('data-first-ms')) / 1000);
      await page.context().close();
    }
    return seconds;
  } finally {
    await browser.close();
    await server.close();
  }
}
