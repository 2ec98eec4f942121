/**
 * A certification log with what all of its certificates have in common.
 */
import { GaussianNoise, verifyCertificate } from 'catrs';
import type { Certificate, LoggedRow } from 'catrs';

/** Failure probability of all certificates, ours and the official ones. */
export const ALPHA = 0.001;

/** How the certificates of a log were made. */
export interface Setup {
  readonly sigma: number;
  readonly n: number;
  readonly alpha: number;
  /** Pixels of an image. */
  readonly dimension: number;
}

/** One of our logs. */
export interface CertifiedLog {
  readonly rows: readonly LoggedRow[];
  readonly setup: Setup;
}

/** Holds each row against its own counts, the settings of the comparison, and the labels of the official log. */
export function certifiedLog(
  file: string,
  rows: readonly LoggedRow[],
  { sigma, official }: { readonly sigma: number; readonly official: readonly LoggedRow[] },
): CertifiedLog {
  const refuse = (row: number, text: string): Error => new Error(`${file}, line ${row + 2}: ${text}`);
  const [first] = rows;
  if (first?.certificate === undefined) throw new Error(`${file} must have rows with certificates`);
  const setup = setupOf(first.certificate);
  const noise = new GaussianNoise({ sigma });
  const labels = new Map(official.map(({ index, label }) => [index, label]));
  for (const [i, { index, label, certificate }] of rows.entries()) {
    if (certificate === undefined) throw refuse(i, 'it must have a certificate');
    const found = setupOf(certificate);
    if (found.sigma !== sigma) throw refuse(i, `sigma must be ${sigma}, got ${found.sigma}`);
    if (found.alpha !== ALPHA) throw refuse(i, `alpha must be ${ALPHA}, got ${found.alpha}`);
    if (found.n !== setup.n) throw refuse(i, `n must be ${setup.n} as in the first row, got ${found.n}`);
    const { valid, faults, radius } = verifyCertificate(certificate, noise);
    if (!valid) throw refuse(i, faults.join('; '));
    if (Math.abs(radius - certificate.radius) > 1e-9) {
      throw refuse(i, `the radius must be ${radius} by its counts, got ${certificate.radius}`);
    }
    const known = labels.get(index);
    if (label !== known) throw refuse(i, `the label of image ${index} must be ${known} as officially, got ${label}`);
  }
  return { rows, setup };
}

function setupOf({ noise, n, alpha, dimension }: Certificate): Setup {
  return { sigma: Number(noise.parameters['sigma']), n, alpha, dimension };
}
