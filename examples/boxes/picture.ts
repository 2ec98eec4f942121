/**
 * Canvases with their certified boxes, as SVG.
 */
import type { CertifiedSlot } from 'catrs';
import { SIDE } from './canvases.ts';
import type { BoxResults, ShownCanvas } from './main.ts';

const SCALE = 4;
const GAP = 24;
const STEP = SIDE * SCALE + GAP;
const GREEN = '#128a3c';

/** Four canvases a row; below them what the lines are. */
export function picture({ shown, shownRadius, sigma }: Pick<BoxResults, 'shown' | 'shownRadius' | 'sigma'>): string {
  const rows = Math.ceil(shown.length / 4);
  const [width, height] = [4 * STEP + GAP, rows * (STEP + 14) + GAP + 40];
  const parts = shown.map((canvas, i) => drawn(canvas, GAP + (i % 4) * STEP, GAP + Math.floor(i / 4) * (STEP + 14)));
  const legend = [
    `Whatever the change up to length ${shownRadius} (sigma ${sigma}): the edges of the smoothed box stay in the green band, and its label is the one above it.`,
    'Thin grey: the truth; without a band nothing is certified. Below: certified labels, and how many boxes there can be at most.',
  ];
  const text = legend.map(
    (line, i) => `<text x="${GAP}" y="${height - 30 + 16 * i}" font-size="12" fill="#222">${line}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif">\n<rect width="${width}" height="${height}" fill="#ffffff"/>\n${[...parts, ...text].join('\n')}\n</svg>\n`;
}

function drawn({ pixels, truths, slots, atMost }: ShownCanvas, x: number, y: number): string {
  const dots = pixels.flatMap((value, i) => {
    if (value < 16) return [];
    const grey = Math.round(255 - 0.45 * value);
    return `<rect x="${(i % SIDE) * SCALE}" y="${Math.floor(i / SIDE) * SCALE}" width="${SCALE}" height="${SCALE}" fill="rgb(${grey},${grey},${grey})"/>`;
  });
  const boxes = truths.map(({ box: [x1, y1, x2, y2] }) => rectangle([x1, y1, x2, y2], '#777777', 'stroke-width="1"'));
  const certified = slots.flatMap(boxesOf);
  const labels = slots.flatMap(({ state, label }) => (state === 'present' ? [label] : []));
  const most = atMost === null ? '' : `, at most ${atMost}`;
  const said = `${labels.length === 0 ? 'none' : labels.join(', ')}${most}`;
  const side = SIDE * SCALE;
  return `<g transform="translate(${x},${y})"><rect width="${side}" height="${side}" fill="#fafafa" stroke="#cccccc"/>${dots.join('')}${boxes.join('')}${certified.join('')}<text x="0" y="${side + 16}" font-size="13" fill="#222">${said}</text></g>`;
}

/** The band between the largest and the smallest box that the bounds allow. */
function boxesOf({ state, bounds, label }: CertifiedSlot): string[] {
  if (state !== 'present') return [];
  const at = (i: number, side: 'lower' | 'upper'): number | null => bounds[i]?.[side] ?? null;
  const outer = [at(0, 'lower'), at(1, 'lower'), at(2, 'upper'), at(3, 'upper')];
  const inner = [at(0, 'upper'), at(1, 'upper'), at(2, 'lower'), at(3, 'lower')];
  if (!isBox(outer)) return [];
  const lines = isBox(inner) ? [outer, inner] : [outer];
  const band = `<path d="${lines.map(pathOf).join(' ')}" fill="${GREEN}" fill-opacity="0.35" fill-rule="evenodd" stroke="${GREEN}" stroke-width="1"/>`;
  const [left = 0, top = 0] = outer.map(onCanvas);
  return [band, `<text x="${left + 2}" y="${Math.max(11, top - 3)}" font-size="12" font-weight="bold" fill="${GREEN}">${label}</text>`]; // prettier-ignore
}

function pathOf(box: readonly number[]): string {
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = box.map(onCanvas);
  return `M${x1} ${y1}H${x2}V${y2}H${x1}Z`;
}

/** A coordinate in the picture, cut at the canvas. */
const onCanvas = (value: number): number => Number((Math.max(0, Math.min(SIDE, value)) * SCALE).toFixed(1));

const isBox = (box: readonly (number | null)[]): box is readonly number[] =>
  box.every((value) => value !== null) &&
  (box[0] as number) < (box[2] as number) &&
  (box[1] as number) < (box[3] as number);

/** The outline of a box, cut at the canvas. */
function rectangle(box: readonly number[], color: string, style: string): string {
  return `<path d="${pathOf(box)}" fill="none" stroke="${color}" ${style}/>`;
}
