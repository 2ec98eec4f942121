import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { serveFolder } from '../examples/serve-folder.ts';
import { chromiumArguments, chromiumPath } from '../helpers/chromium.ts';
import type { SpecReport } from './run-specs.ts';
import type { TestPage } from './webgpu-main.ts';

const PATH = '/tests/';
const POLICY = "default-src * data: blob:; script-src 'self' 'unsafe-eval' blob:";

/** Whether Chromium can take a video, a canvas or a bitmap into its GPU process depends on the machine, and is no operation of a model. */
const IMAGES_OF_THE_BROWSER = /^fromPixels /;

/** Runs a bundle of TensorFlow.js's tests on a page with WebGPU, but not those named in `without`; leaves out images of the browser. */
export async function runInChromium(folder: string, without: readonly string[]): Promise<SpecReport[]> {
  await writeFile(join(folder, 'index.html'), '<!doctype html><script type="module" src="main.js"></script>');
  const server = await serveFolder(folder, PATH, POLICY);
  const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumArguments });
  try {
    const page = await browser.newPage();
    await page.goto(server.origin + PATH);
    await page.waitForFunction(() => 'run' in globalThis);
    const reports = await page.evaluate((names) => (globalThis as unknown as TestPage).run(names), [...without]);
    return reports.filter(({ name }) => !IMAGES_OF_THE_BROWSER.test(name));
  } finally {
    await browser.close();
    await server.close();
  }
}
