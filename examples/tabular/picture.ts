import type { TableResult } from '../certify-table.ts';
import { FEATURES, SPECIES } from './penguins.ts';

const COLOURS = ['#d95f02', '#7570b3', '#1b9e77'];
/** One ellipse of so many is drawn. */
const SHOWN = 6;
const PANEL = { width: 400, height: 340, left: 58, top: 56 };

/** Two measures against each other. */
interface Panel {
  readonly x: number;
  readonly y: number;
  /** Left end of its frame. */
  readonly left: number;
}

/** Penguins in two planes of measures, every sixth in the ellipse within which nothing changes its species while its other two measures stay. */
export function tablePicture({ penguins, sigma }: Pick<TableResult, 'penguins' | 'sigma'>): string {
  const scales = FEATURES.map((_, k) => (typeof sigma === 'number' ? sigma : sigma[k]!));
  const panels: readonly Panel[] = [
    { x: 0, y: 1, left: PANEL.left },
    { x: 2, y: 3, left: 2 * PANEL.left + PANEL.width + 24 },
  ];
  const [width, height] = [2 * (PANEL.left + PANEL.width) + 44, PANEL.top + PANEL.height + 62];
  const legend = SPECIES.map((name, i) => {
    const x = PANEL.left + 110 * i;
    return `<circle cx="${x}" cy="36" r="4" fill="${COLOURS[i]}"/><text x="${x + 9}" y="40">${name}</text>`;
  });
  const uncertain = PANEL.left + 110 * SPECIES.length;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    `<text x="${PANEL.left}" y="18" font-size="14">How wrong two measures of a penguin may be, together, before its species could change</text>`,
    ...legend,
    `${cross(uncertain, 36)}<text x="${uncertain + 9}" y="40">not certified, or wrong</text>`,
    ...panels.map((panel) => panelOf(panel, { penguins, scales })),
    '</svg>\n',
  ].join('\n');
}

function panelOf(
  { x, y, left }: Panel,
  { penguins, scales }: Pick<TableResult, 'penguins'> & { readonly scales: readonly number[] },
): string {
  const axis = (k: number): { at: (value: number) => number; ticks: number[] } => {
    const values = penguins.map(({ measures }) => measures[k]!);
    const [low, high] = [Math.min(...values) - 2 * scales[k]!, Math.max(...values) + 2 * scales[k]!];
    const step = [1, 2, 5, 10, 20, 500, 1000].find((one) => (high - low) / one <= 9) ?? 1000;
    const first = Math.ceil(low / step) * step;
    const ticks = Array.from({ length: Math.floor((high - first) / step) + 1 }, (_, i) => first + i * step);
    return { at: (value) => (value - low) / (high - low), ticks };
  };
  const [across, up] = [axis(x), axis(y)];
  const place = (value: number): number => round(left + across.at(value) * PANEL.width);
  const level = (value: number): number => round(PANEL.top + (1 - up.at(value)) * PANEL.height);
  const bottom = PANEL.top + PANEL.height;
  const clip = `panel${x}`;
  const marks = penguins.map(({ measures, species, certificate: { radius }, correct }, i) => {
    const [a, b] = [measures[x]!, measures[y]!];
    if (!correct || radius === 0) return cross(place(a), level(b));
    const [rx, ry] = [place(a + radius * scales[x]!) - place(a), level(b) - level(b + radius * scales[y]!)];
    const colour = COLOURS[species]!;
    const dot = `<circle cx="${place(a)}" cy="${level(b)}" r="2.5" fill="${colour}"/>`;
    if (i % SHOWN !== 0) return dot;
    return `${dot}<ellipse cx="${place(a)}" cy="${level(b)}" rx="${round(rx)}" ry="${round(ry)}" fill="${colour}" fill-opacity="0.08" stroke="${colour}"/>`;
  });
  return [
    `<clipPath id="${clip}"><rect x="${left}" y="${PANEL.top}" width="${PANEL.width}" height="${PANEL.height}"/></clipPath>`,
    `<g clip-path="url(#${clip})">${marks.join('')}</g>`,
    `<rect x="${left}" y="${PANEL.top}" width="${PANEL.width}" height="${PANEL.height}" fill="none" stroke="#888"/>`,
    ...across.ticks.map((value) => `<text x="${place(value)}" y="${bottom + 16}" text-anchor="middle">${value}</text>`),
    ...up.ticks.map((value) => `<text x="${left - 6}" y="${level(value) + 4}" text-anchor="end">${value}</text>`),
    `<text x="${left + PANEL.width / 2}" y="${bottom + 36}" text-anchor="middle">${titleOf(x)}</text>`,
    `<text transform="translate(${left - 42} ${PANEL.top + PANEL.height / 2}) rotate(-90)" text-anchor="middle">${titleOf(y)}</text>`,
  ].join('\n');
}

const titleOf = (k: number): string => `${FEATURES[k]!.name} (${FEATURES[k]!.unit})`;

const round = (value: number): number => Math.round(value * 10) / 10;

function cross(x: number, y: number): string {
  return `<path d="M${x - 3} ${y - 3}l6 6m0 -6l-6 6" stroke="#333" fill="none"/>`;
}
