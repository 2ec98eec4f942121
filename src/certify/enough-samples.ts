import { OptionError } from '../errors.ts';

/** Throws unless n samples are enough to certify something; `least` is the least such n. @internal */
export function assertEnoughSamples(
  call: string,
  { n, alpha }: { readonly n: number; readonly alpha: number },
  least: number,
): void {
  if (n >= least) return;
  throw new OptionError(
    `\`n\` must be at least ${least} to certify anything at alpha = ${alpha}, got ${n}` +
      ' (with fewer samples even unanimous votes abstain: raise n or alpha)',
    { call, field: 'n', value: n },
  );
}
