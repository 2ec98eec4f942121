/**
 * A small line chart as SVG: one growing curve.
 */
import { svg } from './elements.ts';

const HEIGHT = 130;
const MARGIN = { left: 30, right: 8, top: 16, bottom: 20 };

/** What a chart shows. */
export interface ChartOptions {
  /** For those who cannot see it. */
  readonly label: string;
  readonly xName: string;
  readonly yName: string;
  /** In pixels; a smaller place shrinks it. */
  readonly width: number;
  /** Largest value of the vertical axis to begin with. */
  readonly yMax: number;
}

/** A chart that grows point by point. */
export class Chart {
  readonly element: SVGSVGElement;
  readonly #line = svg('polyline', { class: 'curve' });
  readonly #points: (readonly [x: number, y: number])[] = [];
  readonly #xMaxText: SVGTextElement;
  readonly #yMaxText: SVGTextElement;
  readonly #width: number;
  #xMax = 1;
  #yMax: number;

  constructor({ label, xName, yName, width, yMax }: ChartOptions) {
    this.#yMax = yMax;
    this.#width = width;
    this.element = svg('svg', { viewBox: `0 0 ${width} ${HEIGHT}`, role: 'img', 'aria-label': label, width });
    const [x, y, right] = [MARGIN.left, HEIGHT - MARGIN.bottom, width - MARGIN.right];
    this.#xMaxText = text({ x: right, y: HEIGHT - 5, 'text-anchor': 'end' });
    this.#yMaxText = text({ x: x - 4, y: MARGIN.top + 8, 'text-anchor': 'end' });
    this.element.append(
      svg('path', { class: 'axis', d: `M${x} ${MARGIN.top}V${y}H${right}` }),
      text({ x: x - 4, y, 'text-anchor': 'end' }, '0'),
      text({ x, y: HEIGHT - 5 }, xName),
      text({ x, y: 11 }, yName),
      this.#xMaxText,
      this.#yMaxText,
      this.#line,
    );
  }

  /** Adds a point and draws again. */
  add(x: number, y: number): void {
    this.#points.push([x, y]);
    this.#xMax = Math.max(this.#xMax, x);
    if (y > this.#yMax) this.#yMax = Math.ceil(2 * y) / 2;
    this.#draw();
  }

  #draw(): void {
    const across = (this.#width - MARGIN.left - MARGIN.right) / this.#xMax;
    const up = (HEIGHT - MARGIN.top - MARGIN.bottom) / this.#yMax;
    const every = Math.ceil(this.#points.length / 400); // more points than pixels help nobody
    const shown = this.#points.filter((_, at) => at % every === 0 || at === this.#points.length - 1);
    const places = shown.map(([x, y]) => {
      return `${(MARGIN.left + x * across).toFixed(1)},${(HEIGHT - MARGIN.bottom - y * up).toFixed(1)}`;
    });
    this.#line.setAttribute('points', places.join(' '));
    this.#xMaxText.textContent = String(this.#xMax);
    this.#yMaxText.textContent = this.#yMax.toFixed(1);
  }
}

function text(attributes: Readonly<Record<string, string | number>>, content = ''): SVGTextElement {
  const made = svg('text', attributes);
  made.textContent = content;
  return made;
}
