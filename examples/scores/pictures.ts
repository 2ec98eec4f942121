import { encode } from 'fast-png';
import type { DigitResult, ScoreResults } from './main.ts';

const INK = '#1f2933';
const GREY = '#7b8794';
const BLUE = '#2b6cb0';
const ORANGE = '#c05621';

/** A 28 x 28 image, as a picture that an SVG holds. */
export function imageOf(
  pixels: readonly number[],
  { x, y, width, height }: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  columns = 28,
): string {
  // Dark ink on light paper.
  const data = Uint8Array.from(pixels, (value) => 255 - value);
  const png = encode({ width: columns, height: data.length / columns, data, channels: 1, depth: 8 });
  const href = `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
  const box = `x="${x}" y="${y}" width="${width}" height="${height}"`;
  return `<image ${box} href="${href}" style="image-rendering:pixelated"/><rect ${box} fill="none" stroke="#cbd2d9"/>`;
}

/** A text of a picture. */
export const text = (
  x: number,
  y: number,
  words: string,
  { size = 13, color = INK, anchor = 'middle', weight = 'normal' } = {},
): string =>
  `<text x="${x}" y="${y}" font-size="${size}" fill="${color}" text-anchor="${anchor}" font-weight="${weight}">${words}</text>`;

/** An SVG with a light background. */
export const svg = (width: number, height: number, parts: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif"><rect width="${width}" height="${height}" fill="#ffffff"/>${parts.join('')}</svg>\n`;

const percent = (share: number): string => `${Math.floor(100 * share)} %`;

/** How many of the digits are shown. */
const SHOWN = 5;

/** The digits of which the certified score is largest, middle and smallest within half of the radii. */
function shown({ digits, radii }: ScoreResults): readonly DigitResult[] {
  const middle = Math.floor(radii.length / 2);
  const sorted = [...digits].sort((a, b) => (b.lower[middle] ?? 0) - (a.lower[middle] ?? 0));
  const step = Math.max(1, (sorted.length - 1) / (SHOWN - 1));
  return Array.from({ length: Math.min(SHOWN, sorted.length) }, (_, i) => sorted[Math.round(i * step)] as DigitResult);
}

/** Digits, and how sure the smoothed network stays of each. */
export function sureness(results: ScoreResults): string {
  const { radii } = results;
  const [at, near, far] = [0, Math.round(radii.length / 4), Math.floor(radii.length / 2)];
  const digits = shown(results);
  const parts = digits.flatMap((digit, i) => {
    const x = 150 + i * 130;
    const rows = [at, near, far].map((r, row) =>
      text(x + 56, 182 + 26 * row, `≥ ${percent(digit.lower[r] ?? 0)}`, { size: 17, color: BLUE, weight: 'bold' }),
    );
    return [
      imageOf(digit.pixels, { x, y: 40, width: 112, height: 112 }),
      text(x + 56, 30, `“${digit.label}”`, { size: 15 }),
      ...rows,
    ];
  });
  const labels = [at, near, far].map((r, row) =>
    text(130, 182 + 26 * row, r === 0 ? 'at the image' : `within L2 ${radii[r]?.toFixed(2)}`, {
      anchor: 'end',
      color: GREY,
    }),
  );
  return svg(150 + digits.length * 130, 250, [...labels, ...parts]);
}

const [LEFT, TOP, WIDTH, HEIGHT] = [60, 30, 220, 200];

/** Certified score against radius for each digit, and what attacks reached. */
export function curves(results: ScoreResults): string {
  const digits = shown(results).slice(0, 3);
  const parts = digits.flatMap((digit, i) => panel(results, digit, LEFT + i * (WIDTH + 50)));
  const y = TOP + HEIGHT + 62;
  const line = (x: number, color: string, dash: string): string =>
    `<line x1="${x}" y1="${y - 4}" x2="${x + 26}" y2="${y - 4}" stroke="${color}" stroke-width="2.5" stroke-dasharray="${dash}"/>`;
  const legend = [
    line(LEFT, BLUE, 'none') + text(LEFT + 32, y, 'certified: the mean score is at least this', { anchor: 'start' }),
    line(LEFT + 310, GREY, '5 4') + text(LEFT + 342, y, 'by the mean alone', { anchor: 'start' }),
    `<circle cx="${LEFT + 490}" cy="${y - 4}" r="4.5" fill="${ORANGE}"/>` +
      text(LEFT + 502, y, 'after an attack of this size', { anchor: 'start' }),
  ];
  return svg(LEFT + digits.length * (WIDTH + 50) - 20, TOP + HEIGHT + 80, [...parts, ...legend]);
}

function panel(
  { radii }: ScoreResults,
  { lower, meanOnly, attacked, pixels, label }: DigitResult,
  left: number,
): string[] {
  const last = radii.at(-1) ?? 1;
  const x = (radius: number): number => left + (radius / last) * WIDTH;
  const y = (score: number): number => TOP + (1 - score) * HEIGHT;
  const path = (values: readonly number[]): string =>
    values.map((value, r) => `${r === 0 ? 'M' : 'L'}${x(radii[r] ?? 0).toFixed(1)} ${y(value).toFixed(1)}`).join('');
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  return [
    ...ticks.map(
      (score) =>
        `<line x1="${left}" y1="${y(score)}" x2="${left + WIDTH}" y2="${y(score)}" stroke="#e4e7eb"/>` +
        text(left - 8, y(score) + 4, String(score), { anchor: 'end', size: 11, color: GREY }),
    ),
    ...ticks.map((share) =>
      text(x(share * last), TOP + HEIGHT + 16, (share * last).toFixed(2), { size: 11, color: GREY }),
    ),
    text(left + WIDTH / 2, TOP + HEIGHT + 34, 'L2 radius of the change', { size: 12, color: GREY }),
    text(left + WIDTH / 2, TOP - 10, `mean score of “${label}”`, { size: 13 }),
    imageOf(pixels, { x: left + 6, y: TOP + HEIGHT - 56, width: 50, height: 50 }),
    `<path d="${path(meanOnly)}" fill="none" stroke="${GREY}" stroke-width="1.8" stroke-dasharray="5 4"/>`,
    `<path d="${path(lower)}" fill="none" stroke="${BLUE}" stroke-width="2.5"/>`,
    ...attacked.map(({ radius, mean }) => `<circle cx="${x(radius)}" cy="${y(mean)}" r="4.5" fill="${ORANGE}"/>`),
  ];
}
