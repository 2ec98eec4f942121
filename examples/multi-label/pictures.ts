import { imageOf, svg, text } from '../scores/pictures.ts';
import type { CanvasResult, MultiLabelResults } from './main.ts';

const [GREEN, RED, GREY, BLUE] = ['#2f855a', '#c53030', '#7b8794', '#2b6cb0'];
const [WIDTH, HEIGHT] = [252, 84];

/** Canvases with what is certain of them. */
export function setsPicture(results: MultiLabelResults): string {
  const shown = results.canvases.slice(0, 6);
  const parts = shown.flatMap((canvas, i) => one(canvas, 20 + (i % 3) * (WIDTH + 30), 20 + Math.floor(i / 3) * 190));
  const rows = Math.ceil(shown.length / 3);
  const foot = `Blue: the radius within which a digit stays among the ${results.k} most probable ones. Green: certain to be found, red: certain not to be, within L2 ${results.presenceRadius.toFixed(2)}; grey: neither.`;
  return svg(20 + 3 * (WIDTH + 30), 40 + rows * 190, [
    ...parts,
    text(20, 28 + rows * 190, foot, { anchor: 'start', size: 12, color: GREY }),
  ]);
}

function one({ pixels, radii, presence }: CanvasResult, x: number, y: number): string[] {
  const said = radii.filter(({ radius }) => radius > 0).map(({ label, radius }) => `${label}: ${radius.toFixed(2)}`);
  const labels = presence.map((state, label) =>
    text(x + 12 + label * 25, y + HEIGHT + 58, String(label), {
      size: 17,
      weight: 'bold',
      color: state === 1 ? GREEN : state === 0 ? RED : '#cbd2d9',
    }),
  );
  return [
    imageOf(pixels, { x, y, width: WIDTH, height: HEIGHT }, 84),
    text(x, y + HEIGHT + 26, said.length === 0 ? 'no radius' : said.join('   '), {
      anchor: 'start',
      size: 16,
      color: BLUE,
      weight: 'bold',
    }),
    ...labels,
  ];
}
