import fc from 'fast-check';
import type { Certificate } from '../../src/certify/types.ts';
import type { LoggedRow } from '../../src/evaluate/rows.ts';
import type { Json } from '../../src/types.ts';

const count = fc.integer({ min: 0, max: 2 ** 30 });
const probability = fc.double({ min: 0, max: 1, noNaN: true }).map(Math.abs);
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value));
const radius = fc.oneof(
  fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map(Math.abs),
  fc.double({ min: Number.MIN_VALUE, max: 4, noNaN: true }),
  fc.constant(Infinity),
);
/** Any text: control characters, quotes, blanks at the ends, lone surrogates. */
const text = fc.string({ unit: 'binary', maxLength: 6 });
const votes = fc.oneof(
  fc.constant<number[]>([]),
  fc.array(fc.oneof(fc.constant(0), count), { minLength: 1, maxLength: 12 }),
);
const json = fc
  .jsonValue({ noUnicodeString: false, maxDepth: 3 })
  .map((value) => JSON.parse(JSON.stringify(value)) as Json);
const plain = <T>(fields: { [Name in keyof T]: fc.Arbitrary<T[Name]> }): fc.Arbitrary<T> =>
  fc.record(fields, { noNullPrototype: true });
const record = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.dictionary(text, value, { maxKeys: 3, noNullPrototype: true });
const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });

/** A parameter of a noise. */
const parameter: fc.Arbitrary<number | string | boolean | number[]> = fc.oneof(
  finite,
  text,
  fc.boolean(),
  fc.array(finite, { maxLength: 3 }),
);

const sums = { sum: finite, sumOfSquares: finite };

const optionalFields = fc.record(
  {
    pBBar: probability,
    draw: probability,
    scores: fc.oneof(plain(sums), plain({ ...sums, counts: fc.array(count) })),
    steps: fc.array(plain({ radius: finite.map(Math.abs), nA: count, n: count }), { maxLength: 4 }),
  },
  { requiredKeys: [], noNullPrototype: true },
);

const requiredFields: fc.Arbitrary<Omit<Certificate, 'label' | 'abstained' | 'radius'>> = fc.record({
  reason: fc.constantFrom('certified', 'low-confidence', 'out-of-reach', 'declined', 'undecided'),
  stop: text,
  norm: fc.constantFrom('l1', 'l2', 'linf', 'l0', 'patch', 'edit'),
  topK: count,
  pABar: probability,
  qABar: probability,
  bound: fc.constantFrom(
    'clopper-pearson',
    'randomized-clopper-pearson',
    'simultaneous-clopper-pearson',
    'beta-mixture',
    'likelihood-ratio',
    'empirical-bernstein',
    'thresholds',
    'enumeration',
  ),
  rule: plain({ name: text, parameters: record(json) }),
  cAHat: count,
  nA: count,
  n0: count,
  n: count,
  nUsed: count,
  failures: count,
  alpha: probability,
  countsSelection: votes,
  counts: votes,
  checkEvery: count,
  key: fc.option(fc.tuple(word, word)),
  noise: plain({ name: text, parameters: record(parameter) }),
  domain: fc.constantFrom('real', 'unit', 'uint8', 'binary', 'tokens'),
  assumptions: fc.array(text, { maxLength: 3 }),
  smoothing: fc.constantFrom('hard', 'soft'),
  dimension: count,
});

/** Any row of the full format, with any values that the types allow. */
const anyLoggedRow: fc.Arbitrary<LoggedRow> = fc
  .record({
    label: fc.nat(9),
    predicted: fc.integer({ min: -1, max: 9 }),
    radius,
    milliseconds: fc.nat(2 ** 40).map((microseconds) => microseconds / 1000),
    required: requiredFields,
    options: optionalFields,
  })
  .map(({ label, predicted, radius: drawn, milliseconds, required, options }) => {
    const abstained = predicted === -1;
    const outcome = { radius: abstained ? 0 : drawn, abstained };
    const certificate: Certificate = { ...required, ...options, ...outcome, label: predicted };
    return { ...outcome, index: 0, label, predicted, correct: predicted === label, milliseconds, certificate };
  });

/** Logs of a few rows with different indices. */
export const anyRows: fc.Arbitrary<LoggedRow[]> = fc
  .array(anyLoggedRow, { maxLength: 4 })
  .map((rows) => rows.map((row, i) => ({ ...row, index: 20 * i })));
