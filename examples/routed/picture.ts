/** The picture of the plane: classes as ground, points with the circles within which their class stays. */
import { svg, text } from '../scores/pictures.ts';
import type { PlaneResult } from './main.ts';

/** What the ground is made of. */
export interface Ground {
  readonly classAt: (x: number, y: number) => 0 | 1;
  /** Height of a stripe on the left. */
  readonly stripe: number;
}

const HALF = { x: 4.2, y: 2.7 };
const UNIT = 42;
const [WIDTH, HEIGHT] = [2 * HALF.x * UNIT, 2 * HALF.y * UNIT];
const [TOP, GAP] = [64, 24];
const GROUND = ['#dbe9f6', '#fbe3d0'];
const INKS = ['#1f5fa8', '#c05621'];
const GREY = '#555f6b';

/** Three panels: the last one, with the router, below the two others and twice as large. */
export function planePicture(results: readonly PlaneResult[], ground: Ground): string {
  const [first, second, routed] = results;
  if (!first || !second || !routed) return '';
  const right = GAP + WIDTH + GAP;
  const below = TOP + HEIGHT + 50;
  const width = right + WIDTH + GAP;
  const large = (width - 2 * GAP) / WIDTH;
  const height = below + large * HEIGHT + 44;
  return svg(Math.round(width), Math.round(height), [
    text(GAP, 24, 'Certified radii with one noise for all, and with a router', {
      anchor: 'start',
      size: 17,
      weight: 'bold',
    }),
    panel(first, ground, { x: GAP, y: TOP, scale: 1 }),
    panel(second, ground, { x: right, y: TOP, scale: 1 }),
    panel(routed, ground, { x: GAP, y: below, scale: large }),
    legend(GAP, height - 16),
  ]);
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

function panel({ name, isRouted, points }: PlaneResult, ground: Ground, { x, y, scale }: Place): string {
  const unit = UNIT * scale;
  const [width, height] = [WIDTH * scale, HEIGHT * scale];
  const across = (value: number): number => round(x + (value + HALF.x) * unit);
  const up = (value: number): number => round(y + (HALF.y - value) * unit);
  const clip = `clip-${Math.round(x)}-${Math.round(y)}`;
  const marks = points.map(({ x: a, y: b, label, radius, isOfRouter }) => {
    const [cx, cy] = [across(a), up(b)];
    if (radius === 0)
      return `<path d="M${cx - 4} ${cy - 4}l8 8m0 -8l-8 8" stroke="#222" stroke-width="1.5" fill="none"/>`;
    const ink = INKS[label] ?? GREY;
    const dash = isOfRouter ? ' stroke-dasharray="5 3"' : '';
    const circle = `<circle cx="${cx}" cy="${cy}" r="${round(radius * unit)}" fill="${ink}" fill-opacity="0.12" stroke="${ink}" stroke-width="1.5"${dash}/>`;
    return `${circle}<circle cx="${cx}" cy="${cy}" r="3" fill="${ink}"/>`;
  });
  const boundary = isRouted
    ? [`<path d="M${across(0)} ${round(y)}v${round(height)}" stroke="#222" stroke-width="2"/>`]
    : [];
  const frame = `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;
  return [
    text(round(x), round(y - 10), name, { anchor: 'start', size: 14 }),
    `<clipPath id="${clip}"><rect ${frame}/></clipPath><g clip-path="url(#${clip})">`,
    ...groundOf(ground, across, up),
    ...marks,
    ...boundary,
    `</g><rect ${frame} fill="none" stroke="#888"/>`,
  ].join('');
}

/** Rectangles of one class each: stripes on the left, halves on the right. */
function groundOf(
  { classAt, stripe }: Ground,
  across: (value: number) => number,
  up: (value: number) => number,
): string[] {
  const rectangle = (from: number, to: number, low: number, high: number): string =>
    `<rect x="${across(from)}" y="${up(high)}" width="${round(across(to) - across(from))}" height="${round(up(low) - up(high))}" fill="${GROUND[classAt((from + to) / 2, (low + high) / 2)]}"/>`;
  const count = Math.ceil(HALF.y / stripe);
  const stripes = Array.from({ length: 2 * count }, (_, i) => (i - count) * stripe);
  return [
    ...stripes.map((low) => rectangle(-HALF.x, 0, low, low + stripe)),
    rectangle(0, HALF.x, -HALF.y, 0),
    rectangle(0, HALF.x, 0, HALF.y),
  ];
}

function legend(x: number, y: number): string {
  const ring = (at: number, dash: string): string =>
    `<circle cx="${at}" cy="${y - 4}" r="8" fill="none" stroke="${GREY}" stroke-width="1.5"${dash}/>`;
  const words = (at: number, content: string): string => text(at, y, content, { anchor: 'start', color: GREY });
  return [
    ring(x + 8, ''),
    words(x + 22, 'the class stays: limit of the noise or of the expert'),
    ring(x + 368, ' stroke-dasharray="5 3"'),
    words(x + 382, 'limit of the router'),
    `<path d="M${x + 520} ${y - 8}l8 8m0 -8l-8 8" stroke="#222" stroke-width="1.5"/>`,
    words(x + 536, 'nothing is certified'),
  ].join('');
}

const round = (value: number): number => Math.round(value * 10) / 10;
