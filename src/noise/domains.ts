import type { InputRange } from '../types.ts';
import type { Domain } from './types.ts';

/** Ids are no measurements: their range is that of whole numbers in float32. @internal */
export const TOKEN_IDS: InputRange = [0, 2 ** 24];

/** What the values of an input are. */
interface DomainRow {
  readonly holds: (value: number) => boolean;
  /** Completes "values ...". */
  readonly text: string;
  /** Smallest and largest value; undefined: no ends. */
  readonly range: InputRange | undefined;
}

const domains: Readonly<Record<Domain, DomainRow>> = {
  real: { holds: () => true, text: 'that are real', range: undefined },
  unit: { holds: (value) => value >= 0 && value <= 1, text: 'in [0, 1]', range: [0, 1] },
  binary: { holds: (value) => value === 0 || value === 1, text: '0 or 1', range: [0, 1] },
  tokens: {
    holds: (value) => Number.isInteger(value) && value >= 0 && value <= 2 ** 24,
    text: 'that are token ids, whole numbers from 0 to 2^24',
    range: TOKEN_IDS,
  },
  uint8: {
    holds: (value) => {
      const level = Math.round(value * 255);
      return level >= 0 && level <= 255 && Math.fround(level / 255) === value;
    },
    text: 'k/255 with whole k from 0 to 255 (8-bit levels as float32)',
    range: [0, 1],
  },
};

/** Whether a certificate speaks of inputs with this value. @internal */
export const isInDomain = (domain: Domain, value: number): boolean => domains[domain].holds(value);

/** Which values a domain has, to complete "values ...". @internal */
export const domainText = (domain: Domain): string => domains[domain].text;

/** Smallest and largest value of a domain; undefined where it has no ends. @internal */
export const rangeOf = (domain: Domain): InputRange | undefined => domains[domain].range;
