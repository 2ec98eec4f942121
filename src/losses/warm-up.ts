import { OptionError, showValue } from '../errors.ts';

/** Linear warm-up: min(1, (epoch + 1) / warmupEpochs); 1 without a warm-up. @internal */
export function warmUp(call: string, epoch: number | undefined, warmupEpochs: number): number {
  if (warmupEpochs === 0) return 1;
  return Math.min(1, (requireEpoch(call, epoch, 'warmupEpochs') + 1) / warmupEpochs);
}

/** The epoch, which an option needs. @internal */
export function requireEpoch(call: string, epoch: number | undefined, option: string): number {
  if (epoch !== undefined) return epoch;
  throw new OptionError(
    `\`epoch\` must be given where the option \`${option}\` is set, got ${showValue(epoch)} (count the epochs from 0)`,
    { call, field: 'epoch', value: epoch },
  );
}
