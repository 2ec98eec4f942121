import { isDeepStrictEqual } from 'node:util';
import { hasDeadline } from '../certify/has-deadline.ts';
import { OptionError } from '../errors.ts';
import { formatCertificationRow } from '../evaluate/certification-log.ts';
import type { CertifiedRow } from '../evaluate/certify-dataset.ts';
import { checkSettings } from './check-earlier-rows.ts';

/** Certifies the images with these indices, as the run does. @internal */
export type CertifyIndices = (indices: Iterable<number>) => AsyncGenerator<CertifiedRow, void, undefined>;

/**
 * Certifies one image of a log again and throws OptionError unless its row is the same but for the time.
 *
 * It takes the image with the least clear vote, where another model would show most likely. Under a rule with a deadline only the
 * selection sample is compared.
 * @internal
 */
export async function recheckRow(
  rows: readonly CertifiedRow[],
  certified: CertifyIndices,
  { call, path }: { readonly call: string; readonly path: string },
): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const logged = rows.reduce((least, row) => (clarity(row) < clarity(least) ? row : least), first);
  const at = `${path}, line ${rows.indexOf(logged) + 2},`;
  for await (const again of certified([logged.index])) {
    checkSettings(logged, { call, at, settings: again.certificate });
    if (isSame(logged, again)) continue;
    throw new OptionError(
      `\`file\` must be a log of this model, these images and this backend, got ${at} where image ${logged.index}` +
        ' now comes out differently (take another file; to go on all the same set `recheck: false`)',
      { call, field: 'file', value: path },
    );
  }
}

/** Share of the votes, or of the scores, that the class has. */
function clarity({ certificate: { nA, nUsed, scores } }: CertifiedRow): number {
  return (scores?.sum ?? nA) / nUsed;
}

function isSame(a: CertifiedRow, b: CertifiedRow): boolean {
  if (hasDeadline(a.certificate.rule))
    return isDeepStrictEqual([...a.certificate.countsSelection], [...b.certificate.countsSelection]);
  return formatCertificationRow({ ...a, milliseconds: 0 }) === formatCertificationRow({ ...b, milliseconds: 0 });
}
