/**
 * Writes the lists of known failures anew: `npx tsx test/upstream/pin.ts wasm` (or another backend, or none for all). Look at what changed:
 * a value that is wrong without an error belongs to a group with a reason of its own, below.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { nodeBackends } from './backends.ts';
import { bundleForBrowser, bundleForNode } from './bundle.ts';
import { type KnownFailures, knownFailures, NEVER_ENDS } from './known-failures.ts';
import { runInChromium } from './run-in-chromium.ts';
import { runInNode } from './run-in-node.ts';
import type { SpecReport } from './run-specs.ts';

interface Reason {
  readonly reason: string;
  readonly message: RegExp;
  readonly test?: RegExp;
}

/** Why tests fail, by their message and name; the first that fits counts. */
const reasons: readonly Reason[] = [
  { reason: 'no such kernel', message: /Kernel '\w+' not registered|`\w+` must be a kernel of the backend/ },
  {
    reason: 'the copy on cpu does not take lists of tensors',
    message: /Cannot read properties of undefined|undefined is not iterable/,
    test: /ragged/i,
  },
  { reason: 'no complex numbers', message: /undefined is not iterable/, test: /complex/ },
  { reason: 'only NHWC', message: /Please use 'NHWC'|`dataFormat` must be 'NHWC'/ },
  { reason: 'no such type', message: /non-float32 tensors not yet supported|Unknown dtype string/ },
  { reason: 'a bias of one axis only', message: /only supports rank-1 bias/ },
  {
    reason: 'the test does not wait for the backend',
    message: /has not yet been initialized|a beforeAll function failed/,
  },
  { reason: 'indices are not checked', message: /Expected function to throw/ },
  { reason: 'wrong value: NaN becomes a number', message: /Arrays differ: actual\[\d+\] = \S+ expected\[\d+\] = NaN/ },
  {
    reason: 'wrong value: exponentials, sines, cosines and tangents are less exact',
    message: /Arrays differ/,
    test: /^(exp int32|cos gradient|tan )/,
  },
  {
    reason: 'wrong value: the gradient of a cumulative sum or of a product',
    message: /Arrays differ/,
    test: /^(cumsum|prod) gradient/,
  },
  { reason: 'wrong value: the threshold of an image', message: /Arrays differ/, test: /^threshold method otsu/ },
];

function grouped(reports: readonly SpecReport[]): KnownFailures[] {
  const without: string[] = [];
  const groups = new Map<string, KnownFailures & { tests: string[] }>();
  for (const { name, messages } of reports) {
    if (messages.length === 0) continue;
    const found = reasons.find(({ message, test }) => message.test(messages[0]!) && (test?.test(name) ?? true));
    if (found === undefined) {
      without.push(`"${name}": ${messages[0]}`);
      continue;
    }
    const message = messageOf(found, messages[0]!);
    const id = `${found.reason}: ${message}`;
    groups.set(id, groups.get(id) ?? { reason: found.reason, message, tests: [] });
    groups.get(id)!.tests.push(name);
  }
  if (without.length > 0) throw new Error(`no reason for ${without.join('\n')}`);
  const order = (group: KnownFailures): number => reasons.findIndex(({ reason }) => reason === group.reason);
  return [...groups.values()].sort((a, b) => order(a) - order(b) || a.message.localeCompare(b.message));
}

/** The part of a message that all of a group have. */
function messageOf({ message, reason }: Reason, text: string): string {
  return reason.startsWith('wrong value') ? 'Arrays differ' : message.exec(text)![0];
}

const folder = await mkdtemp(join(tmpdir(), 'catrs-pin-'));
const wanted = process.argv.slice(2);
const all = ['wasm', 'wasm-without-simd', 'webgpu'];
const bundle = await bundleForNode(join(folder, 'node'));
for (const backend of wanted.length > 0 ? wanted : all) {
  const endless = backend === 'webgpu' ? knownFailures(backend).filter(({ message }) => message === NEVER_ENDS) : [];
  let reports: SpecReport[];
  if (backend === 'webgpu') {
    await bundleForBrowser(join(folder, 'webgpu'));
    reports = await runInChromium(join(folder, 'webgpu'), endless.flatMap(({ tests }) => tests)); // prettier-ignore
  } else {
    reports = await runInNode(bundle, backend as keyof typeof nodeBackends);
  }
  const list = JSON.stringify([...grouped(reports), ...endless], undefined, 2);
  await writeFile(new URL(`known-failures/${backend}.json`, import.meta.url), `${list}\n`);
}
await rm(folder, { recursive: true });
