import type { Certificate } from '../../src/certify/types.ts';

/** A certificate with one thing changed by hand. */
export interface Edit {
  readonly field: string;
  readonly what: string;
  readonly certificate: Certificate;
}

const WORDS = [
  ...[
    'l1',
    'l2',
    'linf',
    'l0',
    'patch',
    'edit',
    'hard',
    'soft',
    'real',
    'unit',
    'uint8',
    'binary',
    'tokens',
    'certified',
    'low-confidence',
    'out-of-reach',
  ],
  ...['declined', 'undecided', 'clopper-pearson', 'randomized-clopper-pearson', 'simultaneous-clopper-pearson'],
  ...[
    'beta-mixture',
    'sequential-plan',
    'likelihood-ratio',
    'empirical-bernstein',
    'thresholds',
    'enumeration',
    'all-drawn',
    'decided',
    'last-size',
  ],
  ...['stop-at-width', 'stop-at-radius', 'stop-at-samples', 'stop-at-gain', 'stop-at-deadline', 'all-of'],
  ...['fixed-sample', 'top-two', 'top-k', 'fixed-radius', 'planned-radius', 'anytime-radius', 'ladder', 'oracle-test'],
  ...['selection', 'estimation', 'jeffreys', 'near-one', 'truncated', 'betting', 'real arithmetic', 'Hard', ''],
];

const REMOVED = Symbol('removed');

const ONE_COUNT = { sum: 1, sumOfSquares: 1, counts: [1] };

/** Other values for one of JSON, and what no JSON holds. */
function others(value: unknown): readonly unknown[] {
  const wrong = [null, 'text', -1, NaN, {}, [], true, REMOVED];
  if (value === undefined)
    return [0, 0.5, 1, [], [{ radius: 9, nA: 1, n: 1 }], { sum: 1, sumOfSquares: 1 }, ONE_COUNT, ...wrong.slice(0, -1)];
  if (typeof value === 'number') {
    const near = [value * 10, value / 10, value * (1 + 1e-9), value * (1 - 1e-9), value + 1, value - 1, value + 100];
    return [
      ...near,
      2 * value,
      value / 2,
      0,
      0.25,
      0.999999,
      1,
      2,
      7,
      1e6,
      -value,
      Infinity,
      -Infinity,
      2 ** 40,
      ...wrong,
    ];
  }
  if (typeof value === 'boolean') return [!value, 0, 1, ...wrong];
  if (typeof value === 'string') return [...WORDS, `${value} `, 0, ...wrong];
  if (Array.isArray(value)) return [...otherLists(value), ...wrong];
  if (value === null) return [[1, 2], 0, ...wrong];
  const record = value as Readonly<Record<string, unknown>>;
  const inside = Object.entries(record).flatMap(([name, entry]) =>
    others(entry).map((other) => without({ ...record, [name]: other })),
  );
  return [...inside, { ...record, extra: 1 }, ...wrong];
}

function otherLists(list: readonly unknown[]): unknown[] {
  const swapped = [list[1], list[0], ...list.slice(2)].filter((entry) => entry !== undefined);
  const reversed = [...list].reverse();
  const turned = [...list.slice(1), ...list.slice(0, 1)];
  const shape = [
    reversed,
    swapped,
    turned,
    list.slice(1),
    list.slice(0, -1),
    [...list, ...list.slice(-1)],
    [...list, 0],
    [],
  ];
  const isCounts = list.every((entry) => typeof entry === 'number');
  const all = isCounts
    ? [1, -1, 10].map((more) => list.map((entry) => (entry as number) + more)).concat([list.map(() => 0)])
    : [];
  const moved = isCounts ? moves(list as readonly number[]) : [];
  const each = list.flatMap((entry, i) => others(entry).map((other) => list.map((old, j) => (i === j ? other : old))));
  const lists = [...shape, ...all, ...moved, ...each].map((one) =>
    one.includes(REMOVED) ? one.filter((e) => e !== REMOVED) : one,
  );
  return [...lists, { ...list }];
}

/** Votes that change sides, so that the sum stays. */
function moves(counts: readonly number[]): number[][] {
  return [1, 5, 40].flatMap((votes) =>
    counts.flatMap((_, from) =>
      counts.flatMap((__, to) =>
        from === to ? [] : [counts.map((count, c) => count + (c === to ? votes : 0) - (c === from ? votes : 0))],
      ),
    ),
  );
}

const without = (record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== REMOVED));

const OPTIONAL = ['pBBar', 'scores', 'steps', 'draw'];

/** The certificate with every field changed in many ways, one at a time, and with a field that none has; of all these every `stride`-th. */
export function* edits(certificate: Certificate, stride = 1, offset = 0): Generator<Edit> {
  const record = certificate as unknown as Readonly<Record<string, unknown>>;
  const same = JSON.stringify(certificate);
  let i = offset;
  for (const field of [...new Set([...Object.keys(record), ...OPTIONAL, 'extra'])]) {
    for (const other of others(record[field])) {
      if (i++ % stride !== 0) continue;
      const edited = without({ ...record, [field]: other });
      if (JSON.stringify(edited) === same) continue;
      const what = `${field} = ${other === REMOVED ? 'removed' : show(other)}`;
      yield { field, what, certificate: edited as unknown as Certificate };
    }
  }
}

const show = (value: unknown): string =>
  typeof value === 'number'
    ? String(value)
    : (JSON.stringify(value, (_, v: unknown) => (typeof v === 'number' && !Number.isFinite(v) ? String(v) : v)) ??
      'undefined');
