import { OptionError, refusal } from '../../errors.ts';
import type { Noise } from '../../noise/types.ts';
import type { OutputRecord } from '../outputs/types.ts';
import { recordDigest } from './calibration.ts';
import { thresholdAt } from './conformal-sets.ts';
import { readRecord, type RobustSetsRecord } from './robust-sets-record.ts';
import { bounded, type ConformalCertificate } from './set-certificate.ts';

/**
 * What the certificate of a set says otherwise than the calibration scores of its sets. Throws OptionError for a certificate of another task, DataError for
 * a record that was damaged.
 * @internal
 */
export function calibrationFaults(
  call: string,
  certificate: OutputRecord,
  record: RobustSetsRecord,
  noise: Noise,
): string[] {
  if (!isOfSet(certificate)) {
    const details = { call, field: 'sets', value: certificate.task, got: `sets for one of ${certificate.task}` };
    throw refusal(OptionError, details, 'must be given for the certificate of a conformal set');
  }
  const { calibration } = readRecord(call, record, noise);
  const faults: string[] = [];
  const hold = (name: string, said: unknown, is: unknown): void => {
    if (recordDigest({ value: said }) === recordDigest({ value: is })) return;
    faults.push(`${name} is ${JSON.stringify(said)}, but ${JSON.stringify(is)} of the sets`);
  };
  const { draws, index, score, dimension } = certificate;
  hold('digest', certificate.digest, record.digest);
  hold('calibration', certificate.calibration, calibration.scores.length);
  hold('threshold', certificate.threshold, bounded(thresholdAt(calibration.scores, index) ?? Infinity));
  hold('score', score, record.score);
  hold('dimension', dimension, record.dimension);
  const own = draws && { calibration: draws.calibration, orderStatistic: draws.orderStatistic };
  hold('draws', own, record.draws);
  return faults;
}

function isOfSet(certificate: OutputRecord): certificate is ConformalCertificate {
  return certificate.task === 'conformal';
}
