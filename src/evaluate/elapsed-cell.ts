import { formatElapsed } from './format-elapsed.ts';
import type { LogCell } from './log-cell.ts';

const CLOCK = /^(?:(0|[1-9]\d{0,8}) days?, )?(\d{1,2}):([0-5]\d):([0-5]\d)(?:\.(\d{6}))?$/;
const SECONDS = /^(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d{1,3})?$/;

/**
 * A duration in milliseconds, to the microsecond: `H:MM:SS.ffffff` as Python writes it, with days in front and without a fraction of 0, or
 * plain seconds as in the oldest published logs. It is written in the first form.
 * @internal
 */
export const elapsedCell: LogCell<number> = {
  must: 'must be a time (H:MM:SS.ffffff, days in front if any, or seconds)',
  write: formatElapsed,
  read: (text) => {
    const milliseconds = SECONDS.test(text) ? Math.round(Number(text) * 1e6) / 1e3 : readClock(text);
    return Number.isFinite(milliseconds) ? milliseconds : undefined;
  },
};

function readClock(text: string): number | undefined {
  const parts = CLOCK.exec(text);
  if (!parts) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0, microseconds = 0] = parts
    .slice(1)
    .map((part) => Number(part ?? 0));
  if (hours > 23) return undefined;
  const whole = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
  return (whole * 1e6 + microseconds) / 1e3;
}
