import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { guestsFolder } from '../../test/helpers/guests.ts';
import { cleanEnvironment } from './environment.ts';

/** The PyTorch that ours is compared with. */
const PEER_VERSION = '2.13.0';

/** The part of a report of pip (`pip install --dry-run --report -`) that is read here. */
export interface PipReport {
  readonly install: readonly {
    readonly metadata: { readonly name: string; readonly version: string };
    readonly download_info?: { readonly url?: string };
  }[];
}

/** What pip is to install: a package, or why nothing. */
export type Choice = { readonly requirement: string } | { readonly reason: string };

/** Packages that only a build for GPUs asks for. */
const FOR_GPUS = /^(?:nvidia|cuda|triton|pytorch[-_]triton|rocm)/i;

/**
 * Which PyTorch to install, from what pip would do, before anything large is loaded: the build that calls itself `+cpu`, or a plain one that
 * brings no libraries for GPUs (macOS, Windows, ARM). The plain build for Linux on x64 brings several gigabytes of them.
 *
 * @param cpu - pip's report for `torch==2.13.0+cpu`; undefined where there is none
 * @param plain - the same for `torch==2.13.0`
 */
export function choosePackage(cpu: PipReport | undefined, plain: PipReport | undefined): Choice {
  if (cpu !== undefined) return { requirement: `torch==${PEER_VERSION}+cpu` };
  const way = 'name an index that has the CPU build: npm run bench -- --setup --index-url URL';
  if (plain === undefined) return { reason: `pip finds no torch ${PEER_VERSION} (${way})` };
  const large = plain.install.map(({ metadata }) => metadata.name).filter((name) => FOR_GPUS.test(name));
  const torch = plain.install.find(({ metadata }) => metadata.name === 'torch')?.metadata.version ?? PEER_VERSION;
  if (large.length === 0 && !/\+(?:cu|rocm|xpu)/.test(torch)) return { requirement: `torch==${torch}` };
  const brings =
    large.length > 0 ? `, which brings ${large.slice(0, 3).join(', ')}${large.length > 3 ? ', ...' : ''}` : '';
  return { reason: `pip would install the build of PyTorch for GPUs (${torch}${brings}): several gigabytes (${way})` };
}

/** Makes test/guests/venv with the PyTorch of the comparison. Throws with the reason where it cannot. */
export function setUpPeer(indexUrl?: string): void {
  const folder = join(guestsFolder, 'venv');
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  run('python3', ['-m', 'venv', folder]);
  const from = indexUrl === undefined ? [] : ['--index-url', indexUrl];
  const report = (requirement: string): PipReport | undefined => {
    // Metadata alone: pip asks the index for it, and the wheel stays where it is.
    const args = ['-m', 'pip', 'install', '--quiet', '--dry-run', '--report', '-', ...from, requirement];
    const { status, stdout } = spawnSync(python, args, {
      encoding: 'utf8',
      env: cleanEnvironment(),
      maxBuffer: 2 ** 28,
    });
    return status === 0 ? (JSON.parse(stdout) as PipReport) : undefined;
  };
  const cpu = report(`torch==${PEER_VERSION}+cpu`);
  const choice = choosePackage(cpu, cpu === undefined ? report(`torch==${PEER_VERSION}`) : undefined);
  if ('reason' in choice) throw new Error(choice.reason);
  run(python, ['-m', 'pip', 'install', ...from, choice.requirement]);
  const version = execFileSync(python, ['-c', 'import torch; print(torch.__version__)'], { encoding: 'utf8' }).trim();
  const named = process.env['CATRS_PYTHON'];
  const where = named === undefined ? '' : `, once CATRS_PYTHON, which is ${named}, is not set`;
  console.error(`PyTorch ${version} is in ${folder}; npm run bench finds it there${where}`);
}

function run(program: string, args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 2, 2], env: cleanEnvironment() });
}
