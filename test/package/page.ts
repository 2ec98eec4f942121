import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { chromium } from 'playwright';
import { chromiumPath } from '../helpers/chromium.ts';

const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

/** What a page left behind. */
export interface Seen {
  /** What the page put into `globalThis.result`. */
  readonly result: unknown;
  /** Errors of the page, of its console and of its requests. */
  readonly errors: readonly string[];
  /** Origins that it asked, its own left out. */
  readonly otherOrigins: readonly string[];
}

/** Shows the page `/index.html` of a table of files in Chromium, over loopback, and waits for its result. */
export async function showPage(
  files: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Seen> {
  const server = createServer((request, response) => {
    const path = files[(request.url ?? '/').split('?')[0]!];
    // Chromium asks for it, whatever the page says.
    if (request.url === '/favicon.ico') return void response.writeHead(204).end();
    if (path === undefined) return void response.writeHead(404).end();
    const type = types[extname(path)] ?? 'application/octet-stream';
    readFile(path).then(
      (bytes) => response.writeHead(200, { 'content-type': type, ...headers }).end(bytes),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-quic'] });
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    const otherOrigins: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    page.on('console', (line) => line.type() === 'error' && errors.push(line.text()));
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith('http') && url.origin !== origin) otherOrigins.push(url.origin);
    });
    await page.goto(`${origin}/index.html`);
    await page
      .waitForFunction('globalThis.result !== undefined', undefined, { timeout: 60_000 })
      .catch((error: unknown) => errors.push(String(error)));
    return { result: await page.evaluate('globalThis.result'), errors, otherOrigins };
  } finally {
    await browser.close();
    server.close();
  }
}
