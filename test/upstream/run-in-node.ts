import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { nodeBackends } from './backends.ts';
import { wasmFolder } from './bundle.ts';
import type { SpecReport } from './run-specs.ts';

/** Runs a bundle of TensorFlow.js's tests in a process of its own. */
export async function runInNode(bundle: string, backend: keyof typeof nodeBackends): Promise<SpecReport[]> {
  const reportFile = join(dirname(bundle), `${backend}.json`);
  await promisify(execFile)(process.execPath, [bundle, backend, wasmFolder, reportFile], { maxBuffer: 2 ** 28 });
  return JSON.parse(await readFile(reportFile, 'utf8')) as SpecReport[];
}
