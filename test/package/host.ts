import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { root } from './source-files.ts';

/** A folder of somebody else, with a node_modules. */
export interface Host {
  readonly folder: string;
  /** The packed tarball of catrs. */
  readonly tarball: string;
  /** The size of the tarball. */
  readonly packedBytes: number;
  /** catrs in the node_modules of the folder. */
  readonly installed: string;
  dispose(): void;
}

/** A folder with the packed tarball and an empty node_modules. */
export function makeBareHost(): Host {
  for (const file of ['index.js', 'catrs.browser.js'])
    if (!existsSync(`${root}dist/${file}`))
      throw new Error(`no dist/${file}: run \`npm run build\` first (npm test does)`);
  const folder = mkdtempSync(join(tmpdir(), 'catrs-host-'));
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], { cwd: root });
  const tarball = join(folder, `${packageJson.name}-${packageJson.version}.tgz`);
  return {
    folder,
    tarball,
    packedBytes: statSync(tarball).size,
    installed: join(folder, 'node_modules/catrs'),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A host that has the packed tarball in node_modules: it finds catrs and what catrs declares, and nothing else. */
export function makeHost(more: readonly string[] = []): Host {
  const host = makeBareHost();
  mkdirSync(host.installed, { recursive: true });
  execFileSync('tar', ['-xzf', host.tarball, '--strip-components=1', '-C', host.installed]);
  for (const name of [...Object.keys({ ...packageJson.dependencies, ...packageJson.peerDependencies }), ...more]) {
    const link = join(host.folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    if (existsSync(join(root, 'node_modules', name))) symlinkSync(join(root, 'node_modules', name), link, 'dir');
  }
  return host;
}
