/** The picture of the results: digits with their smoothed answers, and certified distances beside those that attacks reached. */
import { encode } from 'fast-png';
import type { OutputResult } from './main.ts';

/** One column of digits. */
export interface ShownDigit {
  /** The digit, 28 × 28 grey values. */
  readonly image: readonly number[];
  /** The smoothed reconstruction. */
  readonly answer: readonly number[];
  /** The digit under attack within the largest radius. */
  readonly pushed: readonly number[];
  /** The smoothed reconstruction there. */
  readonly answerThere: readonly number[];
}

const SIDE = 28;
const SCALE = 2;
const LEFT = 190;
const COLUMN = SIDE * SCALE + 8;
const MOST = 8;

const ROWS: readonly (readonly [name: string, of: (digit: ShownDigit) => readonly number[]])[] = [
  ['digit', ({ image }) => image],
  ['smoothed reconstruction', ({ answer }) => answer],
  ['digit under attack', ({ pushed }) => pushed],
  ['smoothed reconstruction', ({ answerThere }) => answerThere],
];

/** An SVG with a light background. */
export function picture(digits: readonly ShownDigit[], results: readonly OutputResult[]): string {
  const shown = digits.slice(0, MOST);
  const rows = ROWS.flatMap(([name, of], row) => [
    text(LEFT - 12, 44 + row * COLUMN + COLUMN / 2, name, 'end'),
    ...shown.map((digit, column) => grey(of(digit), LEFT + column * COLUMN, 44 + row * COLUMN)),
  ]);
  const radii = results[0]?.digits[0]?.byRadius.map(({ radius }) => radius) ?? [];
  const title = `Digits within l2 distance ${radii.at(-1) ?? 0}, and what the smoothed autoencoder makes of them`;
  const top = 44 + ROWS.length * COLUMN + 60;
  const charts = results.map((result, i) => chart(result, 60 + i * 360, top));
  const [width, height] = [LEFT + MOST * COLUMN + 20, top + 290];
  const style = 'font-family="sans-serif" font-size="12" fill="#222"';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ${style}>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(20, 26, title, 'start', 'font-size="14" font-weight="bold"'),
    ...rows,
    ...charts,
    '</svg>\n',
  ].join('\n');
}

/** A grey image, dark on light paper. */
function grey(values: readonly number[], left: number, top: number): string {
  const data = Uint8Array.from(values, (value) => Math.round(255 * (1 - Math.min(1, Math.max(0, value)))));
  const png = Buffer.from(encode({ width: SIDE, height: SIDE, data, channels: 1, depth: 8 })).toString('base64');
  const side = SIDE * SCALE;
  const box = `x="${left}" y="${top}" width="${side}" height="${side}"`;
  const image = `<image ${box} image-rendering="pixelated" href="data:image/png;base64,${png}"/>`;
  return `${image}<rect ${box} fill="none" stroke="#bbb"/>`;
}

/** Medians over the digits by radius: certified distances, and those that attacks reached, in units of the distance between classes. */
function chart(
  { output, digits, betweenClasses, betweenClassesPlain }: OutputResult,
  left: number,
  top: number,
): string {
  const radii = digits[0]?.byRadius.map(({ radius }) => radius) ?? [];
  const [width, height] = [270, 190];
  const medians = (of: (entry: OutputResult['digits'][number]['byRadius'][number]) => number | null): number[] =>
    radii.map((_, k) => median(digits.map(({ byRadius }) => (byRadius[k] ? (of(byRadius[k]) ?? Infinity) : Infinity))));
  const lines = [
    { name: 'certified, 3R', color: '#1f5fa8', values: medians((r) => ratio(r.certified, betweenClasses)) },
    {
      name: 'certified, R + R′ of the answer',
      color: '#5aa0dd',
      values: medians((r) => ratio(r.certifiedThere, betweenClasses)),
    },
    { name: 'smoothed, under attack', color: '#2b8a3e', values: medians((r) => ratio(r.moved, betweenClasses)) },
    {
      name: 'plain, under attack',
      color: '#c92a2a',
      values: medians((r) => ratio(r.movedPlain, betweenClassesPlain)),
    },
  ];
  const most = Math.max(...lines.flatMap(({ values }) => values.filter(Number.isFinite))) * 1.05;
  const x = (radius: number): number => left + (radius / (radii.at(-1) ?? 1)) * width;
  const y = (value: number): number => top + height - (value / most) * height;
  const ticks = Array.from({ length: 5 }, (_, i) => (most * i) / 4);
  return [
    text(left - 30, top - 30, `${output}: distance, median digit`, 'start', 'font-weight="bold"'),
    text(
      left - 30,
      top - 14,
      'in units of the distance between digits of two classes',
      'start',
      'font-size="10" fill="#666"',
    ),
    ...ticks.map(
      (tick) =>
        `<path d="M${left} ${y(tick)}h${width}" stroke="#e5e5e5"/>${text(left - 6, y(tick) + 4, tick.toFixed(1), 'end')}`,
    ),
    ...radii.map((radius) => text(x(radius), top + height + 16, String(radius), 'middle')),
    text(left + width / 2, top + height + 32, 'l2 radius of the change', 'middle'),
    ...lines.flatMap(({ name, color, values }, i) => {
      const points = values.flatMap((value, k) =>
        Number.isFinite(value) ? [[x(radii[k] ?? 0), y(value)] as const] : [],
      );
      const path = points.map(([px, py], k) => `${k === 0 ? 'M' : 'L'}${px.toFixed(1)} ${py.toFixed(1)}`).join('');
      const dots = points.map(
        ([px, py]) => `<circle cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="3" fill="${color}"/>`,
      );
      const [lx, ly] = [left + (i % 2) * 165 - 30, top + height + 50 + Math.floor(i / 2) * 16];
      const legend = `<rect x="${lx}" y="${ly - 8}" width="10" height="3" fill="${color}"/>${text(lx + 14, ly - 3, name, 'start', 'font-size="10"')}`;
      return [`<path d="${path}" fill="none" stroke="${color}" stroke-width="2"/>`, ...dots, legend];
    }),
  ].join('\n');
}

const ratio = (value: number | null, unit: number): number | null => (value === null ? null : value / unit);

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end', more = ''): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" ${more}>${content}</text>`;
}
