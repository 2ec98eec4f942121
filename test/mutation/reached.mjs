/** Loaded into every process of the run with probes: writes down which test file came to which mutant. */
import { appendFileSync } from 'node:fs';

const known = new Set();
globalThis.reached = (...ids) => {
  const file = globalThis.__vitest_worker__?.filepath ?? '';
  for (const id of ids) {
    const row = JSON.stringify([id, file]);
    if (known.has(row)) continue;
    known.add(row);
    appendFileSync(process.env.CATRS_REACHED, `${row}\n`);
  }
};
