import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, makeHost } from './host.ts';
import { statedSize } from './stated-sizes.ts';

/** Calls whose names stand in their error messages, so that minifying does not hide them. */
const markers = {
  losses: ['ConfidenceAwareLoss.prepare', 'MacerLoss.prepare', 'SmoothMixLoss.prepare', 'StabilityLoss.prepare'],
  attacks: ['SmoothedPgd.perturb', 'SmoothedDdn.perturb', 'NoisePgd.perturb'],
  evaluate: ['certifyDataset', 'attackDataset', 'brokenCertificates'],
};
let host: Host;

beforeAll(() => {
  host = makeHost();
});

afterAll(() => host.dispose());

/** What an app of this code holds, TensorFlow.js left out: its minified size, its code, and the folders of catrs in it. */
async function bundle(code: string) {
  writeFileSync(join(host.folder, 'entry.js'), code);
  const [output] = (await build({
    configFile: false,
    root: host.folder,
    publicDir: false,
    logLevel: 'error',
    build: {
      target: 'es2022',
      write: false,
      lib: { entry: 'entry.js', formats: ['es'] },
      rolldownOptions: { external: ['@tensorflow/tfjs'], output: { minify: true } },
    },
  })) as Rolldown.RolldownOutput[];
  const chunks = output!.output.filter((one) => one.type === 'chunk');
  const text = chunks.map((chunk) => chunk.code).join('\n');
  const modules = chunks.flatMap((chunk) => Object.entries(chunk.modules));
  const folders = modules
    .filter(([, { renderedLength }]) => renderedLength > 0)
    .flatMap(
      ([id]) =>
        /\/dist\/(\w+)\/[^/]+\.js$/.exec(
          id
            .split('node_modules/')
            .at(-1)!
            .replace(/^catrs/, ''),
        ) ?? [],
    );
  return { text, size: text.length, gzip: gzipSync(text).length, folders: new Set(folders) };
}

describe('an app without what it does not use', () => {
  const all = [...markers.losses, ...markers.attacks, ...markers.evaluate];

  it('would show the markers, if it used everything', async () => {
    const { text, size, gzip, folders } = await bundle("export * from 'catrs';");
    console.log(`all of catrs: ${size} bytes, ${gzip} with gzip`);
    expect(all.filter((name) => !text.includes(name))).toEqual([]);
    for (const folder of ['losses', 'attacks', 'evaluate']) expect(folders).toContain(folder);
  });

  it('has no loss, no attack and no run over data sets with GaussianNoise and SmoothedClassifier alone', async () => {
    const { text, size, gzip, folders } = await bundle("export { GaussianNoise, SmoothedClassifier } from 'catrs';");
    console.log(`GaussianNoise and SmoothedClassifier: ${size} bytes, ${gzip} with gzip`);
    expect(all.filter((name) => text.includes(name))).toEqual([]);
    for (const folder of ['losses', 'attacks', 'evaluate', 'data']) expect(folders).not.toContain(folder);
    expect(size).toBeLessThanOrEqual(statedSize('app with `GaussianNoise`, `SmoothedClassifier`'));
  });

  it('has no other loss and no certificate with ConfidenceAwareLoss alone', async () => {
    const { text, size, gzip, folders } = await bundle(
      "export { ConfidenceAwareLoss, GaussianNoise, NoisePgd } from 'catrs';",
    );
    console.log(`GaussianNoise, ConfidenceAwareLoss and NoisePgd: ${size} bytes, ${gzip} with gzip`);
    const used = ['ConfidenceAwareLoss.prepare', 'NoisePgd.perturb'];
    expect(all.filter((name) => text.includes(name))).toEqual(used);
    for (const folder of ['smoothed', 'evaluate', 'data']) expect(folders).not.toContain(folder);
    expect(size).toBeLessThanOrEqual(statedSize('app with `GaussianNoise`, `ConfidenceAwareLoss`, `NoisePgd`'));
  });
});
