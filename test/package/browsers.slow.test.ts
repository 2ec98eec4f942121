import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath } from '../helpers/chromium.ts';
import { type Host, makeHost } from './host.ts';
import { showPage } from './page.ts';
import { certifyProbe, type ProbeResult, probeInNode } from './probe.ts';

const imports = `import * as tf from '@tensorflow/tfjs';
import { createKey, GaussianNoise, SmoothedClassifier } from 'catrs';`;
const program = `${imports}${certifyProbe}globalThis.result = certificate;`;
let host: Host;
let inNode: ProbeResult;

beforeAll(() => {
  if (!existsSync(chromiumPath)) throw new Error(`no Chromium at ${chromiumPath}: install it or set CHROMIUM_PATH`);
  host = makeHost();
  inNode = probeInNode(host.folder);
});

afterAll(() => host.dispose());

describe('in Chromium, the packed tarball certifies as in Node', () => {
  it('knows what Node found', () => {
    expect(inNode).toMatchObject({ label: 0, n: 1000 });
    expect(inNode.radius).toBeGreaterThan(0.3);
  });

  it('in an app that Vite has built', async () => {
    writeFileSync(
      join(host.folder, 'index.html'),
      '<!doctype html><title>app</title><script type="module" src="/app.js"></script>',
    );
    writeFileSync(join(host.folder, 'app.js'), program);
    await build({
      configFile: false,
      root: host.folder,
      logLevel: 'error',
      build: { target: 'es2022', outDir: 'app', chunkSizeWarningLimit: 1e6 },
    });
    const files = readdirSync(join(host.folder, 'app'), { recursive: true, encoding: 'utf8' });
    const table = Object.fromEntries(
      files.map((file) => [`/${file.replaceAll('\\', '/')}`, join(host.folder, 'app', file)]),
    );
    expect(await showPage(table)).toEqual({ result: inNode, errors: [], otherOrigins: [] });
  });

  it('in a plain page, from the browser bundle and an import map, under a strict content security policy', async () => {
    const page = join(host.folder, 'plain.html');
    const script = join(host.folder, 'plain.js');
    const importMap = JSON.stringify({ imports: { '@tensorflow/tfjs': '/tf.js', catrs: '/catrs.browser.js' } });
    writeFileSync(
      page,
      `<!doctype html><title>plain</title>
<script type="importmap" nonce="map">${importMap}</script>
<script type="module" src="/plain.js"></script>`,
    );
    writeFileSync(script, program);
    const seen = await showPage(
      {
        '/index.html': page,
        '/plain.js': script,
        '/catrs.browser.js': join(host.installed, 'dist/catrs.browser.js'),
        '/tf.js': join(host.folder, 'node_modules/@tensorflow/tfjs/dist/tf.fesm.min.js'),
      },
      { 'content-security-policy': "default-src 'self'; script-src 'self' 'nonce-map' 'wasm-unsafe-eval'" },
    );
    expect(seen).toEqual({ result: inNode, errors: [], otherOrigins: [] });
  });
});
