/**
 * Progress for people, on stderr: one line for each stage, re-drawn in place on a terminal, plain occasional lines elsewhere.
 */
import type { WriteStream } from 'node:tty';

/** Where the lines go: process.stderr, or anything with `write` (then never re-drawn). */
export type ProgressStream = Pick<NodeJS.WritableStream, 'write'> & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>;

interface Stage {
  readonly title: string;
  done: number;
  total: number;
  note: string;
  begun: number | undefined;
  ended: number | undefined;
  lastLine: number;
}

const REDRAW_EVERY_MS = 100;
const LINE_EVERY_MS = 15_000;
/** The first steps compile the code and would make the estimate far too long. */
const SECONDS_BEFORE_ESTIMATE = 5;
const BAR_WIDTH = 16;

/** A board of stages, some of which run side by side. */
export class ProgressBoard<Name extends string> {
  readonly #stream: ProgressStream;
  readonly #stages: Map<Name, Stage>;
  #drawnLines = 0;
  #lastDraw = -Infinity;

  constructor(stream: ProgressStream, titles: Readonly<Record<Name, string>>) {
    this.#stream = stream;
    const stages = Object.entries<string>(titles).map(([name, title]): [Name, Stage] => [
      name as Name,
      { title, done: 0, total: 0, note: '', begun: undefined, ended: undefined, lastLine: 0 },
    ]);
    this.#stages = new Map(stages);
  }

  /** Notes how far a stage is. It begins with its first update and ends when `done` reaches `total`. */
  update(name: Name, done: number, total: number, note: string): void {
    const stage = this.#stages.get(name);
    if (stage === undefined || stage.ended !== undefined) return;
    const now = performance.now();
    const begins = stage.begun === undefined;
    stage.begun ??= now;
    Object.assign(stage, { done, total, note: note || stage.note });
    const ends = done >= total;
    if (ends) stage.ended = now;
    if (this.#stream.isTTY) {
      if (begins || ends || now - this.#lastDraw >= REDRAW_EVERY_MS) this.#redraw(now);
    } else if (begins || ends || now - stage.lastLine >= LINE_EVERY_MS) {
      stage.lastLine = now;
      this.#stream.write(`${plainLine(stage, now)}\n`);
    }
  }

  #redraw(now: number): void {
    this.#lastDraw = now;
    const width = (this.#stream.columns || 80) - 1; // some pseudo-terminals say 0
    const titleWidth = Math.max(...[...this.#stages.values()].map(({ title }) => title.length));
    const lines = [...this.#stages.values()].map((stage) => drawnLine(stage, titleWidth, now).slice(0, width));
    const up = this.#drawnLines > 0 ? `\x1b[${this.#drawnLines}A` : '';
    this.#stream.write(up + lines.map((line) => `\r\x1b[2K${line}\n`).join(''));
    this.#drawnLines = lines.length;
  }
}

function drawnLine(stage: Stage, titleWidth: number, now: number): string {
  const share = stage.total > 0 ? stage.done / stage.total : 0;
  const full = Math.floor(share * BAR_WIDTH);
  const bar = '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
  return `  ${stage.title.padEnd(titleWidth)}  ${bar} ${state(stage, now)}`;
}

function plainLine(stage: Stage, now: number): string {
  return `${stage.title}: ${state(stage, now).trim()}`;
}

function state(stage: Stage, now: number): string {
  const { begun, ended, done, total, note } = stage;
  if (begun === undefined) return '  waiting';
  if (ended !== undefined) return `100 %  done in ${formatSeconds((ended - begun) / 1000)}`;
  const percent = `${Math.floor((100 * done) / total)} %`.padStart(5);
  const elapsed = (now - begun) / 1000;
  if (elapsed < SECONDS_BEFORE_ESTIMATE || done === 0) return `${percent}  started`;
  const left = (elapsed * (total - done)) / done;
  return `${percent}  ${formatSeconds(left)} left${note && `  ${note}`}`;
}

/** A duration as people say it: `48 s`, `3 min 05 s`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 100) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}
