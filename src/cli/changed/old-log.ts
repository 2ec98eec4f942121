import type { Certificate } from '../../certify/types.ts';
import { outputSettings } from '../../node/earlier-outputs.ts';
import { outputVerifier, rowVerifier } from '../../node/row-verifier.ts';
import { isChosenFromVotes, rootOf } from '../../smoothed/incremental/incremental-certificate.ts';
import type { IncrementalBasis, IncrementalCertificate } from '../../smoothed/incremental/types.ts';
import type { OutputRecord } from '../../smoothed/outputs/types.ts';
import { CliError } from '../io.ts';
import { readLog } from '../log-figures.ts';
import { type LogRun, logRun, settingsOfClasses } from '../log-run.ts';
import { readOutputs } from '../outputs/read-outputs.ts';

/** What a changed model is certified from. @internal */
export type OldCertificate = Certificate | IncrementalCertificate;

/** A row of the log of the old model. */
interface OldRow {
  readonly index: number;
  /** The true class, -1 where it is not known. */
  readonly label: number;
  readonly certificate: OldCertificate;
}

/** The log of the old model. @internal */
export interface OldLog {
  readonly file: string;
  readonly rows: ReadonlyMap<number, OldRow>;
  /** A certificate with the settings that most rows have. */
  readonly certificate: OldCertificate;
  /** The seed of its keys. */
  readonly seed: number;
  /** What is wrong with single rows: other settings, other keys. */
  readonly faults: LogRun['faults'];
  /** The number of votes that every image has that was certified; undefined where none was. */
  readonly votes: number | undefined;
  /** What is wrong with a certificate by itself. */
  readonly faultsOf: (certificate: OldCertificate) => readonly string[];
}

/** Reads the log of an old model. Throws CliError for one that no changed model can be certified from. @internal */
export async function readOldLog(file: string, givenSeed: number | undefined): Promise<OldLog> {
  const outputs = await readOutputs(file);
  if (outputs !== undefined && outputs.task !== 'incremental') {
    const must = 'must be a log of classes, or of a changed model';
    throw new CliError(`${file}: ${must}, got one of task ${outputs.task} (--from-log goes on from votes for classes)`);
  }
  const rows = (outputs?.rows ?? (await readLog(file))).map((row) => {
    const label = 'target' in row ? Number(row.target) : row.label;
    return { index: row.index, label, certificate: row.certificate as OldCertificate | undefined };
  });
  const whole = rows.filter((row): row is OldRow => row.certificate !== undefined);
  const [first, ...others] = whole;
  if (first === undefined || whole.length < rows.length) {
    throw new CliError(`${file}: must be a log of certificates in the full format, got one without votes and keys`);
  }
  const isClasses = outputs === undefined;
  const settingsOf = isClasses
    ? (certificate: OldCertificate) => settingsOfClasses(certificate as Certificate)
    : (certificate: OldCertificate) => outputSettings(certificate as OutputRecord);
  const { certificate, seed, faults } = logRun<OldCertificate>([first, ...others], givenSeed, settingsOf);
  checkKind(file, certificate);
  if (seed === undefined) {
    throw new CliError(
      `--seed must be that of ${file}, got none (its keys are of none of the first 1000 seeds: add --seed)`,
    );
  }
  const kept = whole.flatMap((row) => (row.certificate.abstained ? [] : [row.certificate.votes?.length ?? 0]));
  return {
    ...{ file, certificate, seed, faults },
    rows: new Map(whole.map((row) => [row.index, row])),
    votes: kept.length === 0 ? undefined : Math.min(...kept),
    faultsOf: isClasses ? (rowVerifier({}) as OldLog['faultsOf']) : (outputVerifier({}) as OldLog['faultsOf']),
  };
}

/** Throws CliError for certificates that no changed model can be certified from. */
function checkKind(file: string, certificate: OldCertificate): void {
  const root = rootOf(certificate as IncrementalBasis);
  if (root.smoothing !== 'hard' || root.topK !== 1) {
    const got = root.smoothing === 'hard' ? `certificates of the top ${root.topK}` : `${root.smoothing} smoothing`;
    throw new CliError(`${file}: must be of votes for one class, got ${got} (certify the new model anew)`);
  }
  if (root.key === null) {
    const way = 'certify the new model anew';
    throw new CliError(`${file}: must have keys, by which its samples are drawn again, got none (${way})`);
  }
  if (isChosenFromVotes(root)) {
    const got = `n0 ${root.n0} and the rule ${root.rule.name}`;
    const way = 'certify the old model with --n0 100 --keep-votes';
    throw new CliError(`${file}: must have classes that a sample of their own chose, got ${got} (${way})`);
  }
}
