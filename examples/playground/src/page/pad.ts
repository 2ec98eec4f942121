/**
 * The drawing area: pointer and keyboard.
 */
import { PIXELS, SIDE } from '../protocol.ts';
import { centred, drawLine, type Point } from './drawing.ts';

const MOVES: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** What the drawing area tells. */
export interface PadEvents {
  /** The image changed by hand. */
  readonly onDraw: () => void;
  /** Where the keyboard's pen is, in words. */
  readonly onState: (state: string) => void;
}

/** The drawing area and the image on it. */
export class Pad {
  readonly #canvas: HTMLCanvasElement;
  readonly #events: PadEvents;
  #image: Float32Array = new Float32Array(PIXELS);
  #drawn = false;
  #last: Point | undefined;
  #cursor: Point = { x: SIDE / 2, y: SIDE / 2 };
  #penDown = false;

  constructor(canvas: HTMLCanvasElement, events: PadEvents) {
    this.#canvas = canvas;
    this.#events = events;
    canvas.addEventListener('pointerdown', (event) => this.#begin(event));
    canvas.addEventListener('pointermove', (event) => this.#move(event));
    for (const end of ['pointerup', 'pointercancel'] as const) {
      canvas.addEventListener(end, () => (this.#last = undefined));
    }
    canvas.addEventListener('keydown', (event) => this.#press(event));
    for (const change of ['focus', 'blur'] as const) canvas.addEventListener(change, () => this.#show());
    this.#show();
  }

  /** Whether there is nothing on it. */
  get isEmpty(): boolean {
    return this.#image.every((grey) => grey === 0);
  }

  /** The image as the classifiers get it: a drawing is moved to the centre first, also on the page. */
  take(): Float32Array {
    if (this.#drawn) this.#image = centred(this.#image);
    this.#show();
    return Float32Array.from(this.#image);
  }

  /** Puts an image of the data set on it. */
  put(image: Float32Array): void {
    this.#image = Float32Array.from(image);
    this.#drawn = false;
    this.#show();
  }

  /** Wipes it. */
  clear(): void {
    this.put(new Float32Array(PIXELS));
    this.#events.onDraw();
  }

  #begin(event: PointerEvent): void {
    this.#canvas.setPointerCapture(event.pointerId);
    this.#last = this.#pointOf(event);
    this.#draw(this.#last, this.#last);
  }

  #move(event: PointerEvent): void {
    if (this.#last === undefined) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length > 0 ? events : [event]) {
      const to = this.#pointOf(one);
      this.#draw(this.#last, to);
      this.#last = to;
    }
  }

  #pointOf({ clientX, clientY }: PointerEvent): Point {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return { x: ((clientX - left) / width) * SIDE, y: ((clientY - top) / height) * SIDE };
  }

  #press(event: KeyboardEvent): void {
    const move = MOVES[event.key];
    if (move !== undefined) {
      const from = this.#cursor;
      const within = (value: number): number => Math.min(SIDE - 0.5, Math.max(0.5, value));
      this.#cursor = { x: within(from.x + move[0]), y: within(from.y + move[1]) };
      if (this.#penDown) this.#draw(from, this.#cursor);
    } else if (event.key === ' ') this.#draw(this.#cursor, this.#cursor);
    else if (event.key === 'Enter') this.#penDown = !this.#penDown;
    else if (event.key === 'Delete' || event.key === 'Backspace') this.clear();
    else return;
    event.preventDefault();
    const { x, y } = this.#cursor;
    this.#events.onState(`Pen ${this.#penDown ? 'down' : 'up'}, column ${Math.ceil(x)}, row ${Math.ceil(y)}`);
    this.#show();
  }

  #draw(from: Point, to: Point): void {
    drawLine(this.#image, from, to);
    this.#drawn = true;
    this.#show();
    this.#events.onDraw();
  }

  #show(): void {
    const context = this.#canvas.getContext('2d');
    if (context === null) return;
    const size = this.#canvas.width / SIDE;
    this.#image.forEach((grey, at) => {
      const level = Math.round(255 * grey);
      context.fillStyle = `rgb(${level} ${level} ${level})`;
      context.fillRect((at % SIDE) * size, Math.floor(at / SIDE) * size, size, size);
    });
    if (document.activeElement !== this.#canvas || !this.#canvas.matches(':focus-visible')) return;
    context.strokeStyle = this.#penDown ? '#ff8f3f' : '#7fb0ff';
    context.lineWidth = 2;
    context.strokeRect((this.#cursor.x - 1) * size, (this.#cursor.y - 1) * size, 2 * size, 2 * size);
  }
}
