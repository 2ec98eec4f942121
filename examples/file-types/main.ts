/**
 * Certifies the type of a fragment of a file against edits of its bytes: the files are those of the npm packages that this repository installs.
 *
 * Run it with `npx tsx examples/file-types/main.ts` after `npm run build`; with a folder as argument it writes logs and a picture there. It needs the
 * packages `@tensorflow/tfjs-backend-wasm`, `vega` and `vega-lite`.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { certificationLog } from 'catrs';
import { useWasm } from 'catrs/wasm';
import { published, runExperiment } from './experiment.ts';
import { picture, table } from './report.ts';

async function main(folder: string | undefined): Promise<void> {
  await useWasm();
  const outcomes = await runExperiment(published, (line) => process.stderr.write(`${line}\n`));
  process.stdout.write(`${table(outcomes)}\n`);
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'certified-edits.svg'), await picture(outcomes));
  for (const { deletion, rows } of outcomes)
    await writeFile(join(folder, `deletion-${deletion}.tsv`), certificationLog(rows));
}

await main(process.argv[2]);
