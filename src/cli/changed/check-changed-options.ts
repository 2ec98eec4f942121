import type { CertifySettings } from '../commands/certify.ts';
import { CliError } from '../io.ts';

/** Settings that the certificates of the old log have already. */
const OF_THE_LOG = { n0: '--n0', alpha: '--alpha', radius: '--radius', worth: '--worth', adaptive: '--adaptive', prior: '--prior' } as const; // prettier-ignore

/** What has another name with --from-log. */
const INSTEAD: Readonly<Partial<Record<keyof typeof OF_THE_LOG, string>>> = {
  alpha: '; --alpha-zeta is what the changed model adds',
  radius: '; --until stops at a radius',
};

/** Throws CliError for an option that means nothing where certificates come from an old log. @internal */
export function checkChangedOptions(settings: CertifySettings): void {
  for (const [name, flag] of Object.entries(OF_THE_LOG)) {
    const value: unknown = settings[name as keyof typeof OF_THE_LOG];
    if (value === undefined) continue;
    const shown = typeof value === 'object' || value === true ? '' : ` ${value as string | number}`;
    const got = `got ${flag}${shown}`;
    const way = `the log has its own${INSTEAD[name as keyof typeof OF_THE_LOG] ?? ''}`;
    throw new CliError(`${flag} must be left out with --from-log ${settings.fromLog}, ${got} (${way})`);
  }
}

/** Throws CliError for options of --from-log without it. @internal */
export function checkKeptVotes({ alphaZeta, until }: CertifySettings): void {
  const [flag, value] = until === undefined ? ['--alpha-zeta', alphaZeta] : ['--until', until];
  if (value === undefined) return;
  const way = 'add --from-log with the log of the old model, or leave it out';
  throw new CliError(`${flag} must be given with --from-log, got ${flag} ${value} without (${way})`);
}

/** Throws CliError where votes are kept that nothing can be certified from. @internal */
export function checkSelection({ keepVotes, radius }: CertifySettings, n0: number | undefined): void {
  if (!hasVotes({ keepVotes }) || n0 !== 0) return;
  const got = `got --keep-votes ${keepVotes} with ${radius === undefined ? '--n0 0' : `--radius ${radius.join(',')} and no sample that chooses the class`}`;
  throw new CliError(`--n0 must be at least 1 with --keep-votes, ${got} (add --n0 100, or leave --keep-votes out)`);
}

/** Whether a log has a column of votes. @internal */
export const hasVotes = ({ keepVotes = 0 }: Pick<CertifySettings, 'keepVotes'>): boolean => keepVotes > 0;
