import { isDeepStrictEqual } from 'node:util';
import type { CertifiedRow } from '../evaluate/certify-dataset.ts';
import { createKey } from '../random/key.ts';
import { exampleKey } from '../random/purposes.ts';

/** The fault of a row whose key is not that of its image in a run with this seed: its noise may have been chosen. @internal */
export function otherKey({ index, certificate }: CertifiedRow, seed: number | undefined): string[] {
  if (seed === undefined || certificate.key === null) return [];
  const expected = exampleKey(createKey(seed), index);
  if (isDeepStrictEqual([...certificate.key], [...expected])) return [];
  return [`key is [${[...certificate.key].join(', ')}], but [${[...expected].join(', ')}] follows from --seed ${seed}`];
}
