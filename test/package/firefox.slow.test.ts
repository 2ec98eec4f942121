import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeHost } from './host.ts';
import { certifyProbe, probeInNode } from './probe.ts';

const firefox = process.env['FIREFOX_PATH'] ?? '/usr/bin/firefox-esr';

/** The text that a request brings. */
async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk as string;
  return text;
}

it('certifies on a plain page in Firefox as in Node', async ({ skip }) => {
  if (!existsSync(firefox)) return skip(`no Firefox at ${firefox} (Debian: firefox-esr; or set FIREFOX_PATH)`);
  const host = makeHost();
  const profile = mkdtempSync(join(tmpdir(), 'catrs-firefox-'));
  const importMap = JSON.stringify({ imports: { '@tensorflow/tfjs': '/tf.js', catrs: '/catrs.browser.js' } });
  const page = `<!doctype html><title>plain</title><script type="importmap">${importMap}</script><script type="module">
const report = (found) => fetch('/report', { method: 'POST', body: JSON.stringify(found) });
try {
  const tf = await import('@tensorflow/tfjs');
  const { createKey, GaussianNoise, SmoothedClassifier } = await import('catrs');
  ${certifyProbe}
  await report({ certificate, browser: navigator.userAgent });
} catch (error) {
  await report({ error: String(error) });
}
</script>`;
  const files: Readonly<Record<string, () => string | Buffer>> = {
    '/': () => page,
    '/catrs.browser.js': () => readFileSync(join(host.installed, 'dist/catrs.browser.js')),
    '/tf.js': () => readFileSync(join(host.folder, 'node_modules/@tensorflow/tfjs/dist/tf.fesm.min.js')),
  };
  const server = createServer();
  const reported = new Promise<unknown>((resolve) => {
    server.on('request', (request, response) => {
      const { url = '/' } = request;
      if (url === '/report') return void bodyOf(request).then((text) => resolve(JSON.parse(text)), resolve);
      const file = files[url];
      if (file === undefined) return void response.writeHead(404).end();
      response.writeHead(200, { 'content-type': url === '/' ? 'text/html' : 'text/javascript' }).end(file());
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const browser = spawn(firefox, ['--headless', '--no-remote', '--profile', profile, url], { stdio: 'ignore' });
  const gone = new Promise((resolve) => browser.on('exit', resolve));
  try {
    const found = await Promise.race([reported, gone.then((code) => `Firefox ended with ${String(code)}`)]);
    expect(found).toEqual({
      certificate: probeInNode(host.folder),
      browser: expect.stringContaining('Firefox') as unknown,
    });
  } finally {
    browser.kill();
    await gone;
    server.close();
    server.closeAllConnections();
    rmSync(profile, { recursive: true, force: true });
    host.dispose();
  }
});
