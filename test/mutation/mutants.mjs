/** The mutants of a source file, by the mutators of Stryker's instrumenter, and a random sample of them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Instrumenter } from '@stryker-mutator/instrumenter';

const quiet = () => {};
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet, isDebugEnabled: () => false };

/**
 * Every mutant of the files, with an `id` that stays while its line and its change stay: so one sample can be tried again on later code.
 *
 * Left out: changed texts (`StringLiteral`), since most are words of error messages and a test that quotes each proves nothing about a
 * certificate.
 */
export async function mutantsOf(root, paths) {
  const found = [];
  for (const path of paths) {
    const text = readFileSync(join(root, path), 'utf8');
    const lines = text.split('\n');
    const starts = [0];
    for (const line of lines) starts.push(starts.at(-1) + line.length + 1);
    const options = { plugins: null, excludedMutations: ['StringLiteral'], ignorers: [], noHeader: true };
    const { mutants } = await new Instrumenter(logger).instrument(
      [{ name: path, mutate: true, content: text }],
      options,
    );
    const seen = new Map();
    for (const { location, mutatorName, replacement, status } of mutants) {
      if (status === 'Ignored') continue;
      const start = starts[location.start.line] + location.start.column;
      const end = starts[location.end.line] + location.end.column;
      const same = [
        path,
        lines[location.start.line].trim(),
        location.start.column,
        mutatorName,
        text.slice(start, end),
        replacement,
      ];
      const nth = seen.get(JSON.stringify(same)) ?? 0;
      seen.set(JSON.stringify(same), nth + 1);
      const id = createHash('sha256')
        .update(JSON.stringify([...same, nth]))
        .digest('hex')
        .slice(0, 12);
      found.push({
        id,
        path,
        line: location.start.line + 1,
        start,
        end,
        mutator: mutatorName,
        original: text.slice(start, end),
        replacement,
      });
    }
  }
  return found;
}

/** The first `count` mutants in the order of a hash of seed and id: a uniform sample that any machine draws alike. */
export function sampleOf(mutants, seed, count) {
  const rank = ({ id }) => createHash('sha256').update(`${seed}:${id}`).digest('hex');
  const ranked = mutants.map((mutant) => [rank(mutant), mutant]);
  ranked.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return ranked.slice(0, count).map(([, mutant]) => mutant);
}

/** The text with a call of `globalThis.reached` at each of the mutants, which says that a test came to the place. */
export function withProbes(text, mutants) {
  const places = new Map();
  for (const { id, start, end, mutator, original } of mutants) {
    // A `case` is no expression, and brackets around a part of a chain of ?. would change what the chain does.
    if (mutator === 'OptionalChaining' || /^(case|default)\b/.test(original)) continue;
    const place = places.get(`${start}-${end}`) ?? { start, end, block: mutator === 'BlockStatement', ids: [] };
    place.ids.push(id);
    places.set(`${start}-${end}`, place);
  }
  const insertions = [];
  for (const { start, end, block, ids } of places.values()) {
    const call = `globalThis.reached?.(${ids.map((id) => `'${id}'`).join(', ')})`;
    if (block) insertions.push({ at: start + 1, order: 1, text: `${call};` });
    else {
      // At one position inner brackets close before outer ones, then outer brackets open before inner ones.
      insertions.push({ at: start, order: 2 + 1 / (end - start + 1), text: `(${call}, ` });
      insertions.push({ at: end, order: -1 / (end - start + 1), text: ')' });
    }
  }
  insertions.sort((a, b) => b.at - a.at || b.order - a.order);
  let probed = text;
  for (const { at, text: inserted } of insertions) probed = probed.slice(0, at) + inserted + probed.slice(at);
  return probed;
}
