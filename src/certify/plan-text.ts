import type { Boundaries } from './crossing.ts';

/**
 * A plan as a text, which certificates share: `check:low:up` for each check, `10:5:11 20:13:20 ...`. No text is no plan: not even unanimous votes prove the radius.
 * @internal
 */
export function planText(plan: Boundaries | undefined): string {
  if (plan === undefined) return '';
  const { checks, up, low } = plan;
  return checks.map((n, j) => `${n}:${low[j] ?? -1}:${up[j] ?? n + 1}`).join(' ');
}

const PART = /^(\d{1,10}):(-1|\d{1,10}):(\d{1,10})$/;

/** The boundaries of a text that {@link planText} wrote; undefined for no plan, null for a text of another form. @internal */
export function parsePlan(text: string): Boundaries | undefined | null {
  if (text === '') return undefined;
  const checks: number[] = [];
  const low: number[] = [];
  const up: number[] = [];
  for (const part of text.split(' ')) {
    const [, n, least, most] = (PART.exec(part) ?? []).map(Number);
    if (n === undefined || least === undefined || most === undefined) return null;
    if (!(n > (checks.at(-1) ?? 0) && least < most && most <= n + 1)) return null;
    checks.push(n);
    low.push(least);
    up.push(most);
  }
  const last = checks.length - 1;
  const parsed = { checks, low, up };
  return low[last] === (up[last] ?? 0) - 1 && planText(parsed) === text ? parsed : null;
}
