import { backend } from './node-define.ts'; // first: the tests need it while they are loaded
import 'virtual:tfjs-tests';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { writeFileSync } from 'node:fs';
import { runSpecs } from './run-specs.ts';

const [wasmFolder, reportFile] = process.argv.slice(3) as [string, string];

async function main(): Promise<void> {
  setWasmPaths(wasmFolder);
  await backend.prepare?.();
  writeFileSync(reportFile, JSON.stringify(await runSpecs(backend.environment)));
}

main().then(
  () => process.exit(0), // some tests leave timers behind
  (error: unknown) => {
    process.stderr.write(String(error));
    process.exit(1);
  },
);
