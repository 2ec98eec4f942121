import { describe, expect, it } from 'vitest';
import { createKey } from 'catrs';
import { PhasedProcess, type SamplePhase, type SamplePhases } from '../../../src/smoothed/outputs/phased-process.ts';
import type { Piece } from '../../../src/smoothed/piece-reader.ts';

const phase = (n: number, more: Partial<SamplePhase<Piece, string>> = {}): SamplePhase<Piece, string> => ({
  ...{ key: createKey(n), n, every: 4, ask: `first ${n}`, take: () => undefined },
  ...more,
});

/** Gives a process pieces of at most so many samples until it wants no more; how many it took. */
function run(process: PhasedProcess<Piece, string, string>, most: number): number {
  let given = 0;
  for (let wanted = process.wanted(); wanted; wanted = process.wanted()) {
    const drawn = Math.min(most, wanted.needed);
    process.take({ drawn });
    given += drawn;
  }
  return given;
}

describe('a process of phases', () => {
  it.each([1, 3, 4, 100])('goes through them in pieces of up to %d, whatever their size', (most) => {
    const taken: number[] = [];
    function* phases(): SamplePhases<Piece, string, string> {
      for (const [which, n] of [6, 0, 10].entries()) {
        taken[which] = 0;
        yield phase(n, { take: ({ drawn }) => (taken[which] = (taken[which] ?? 0) + drawn) });
      }
      return 'done';
    }
    const process = new PhasedProcess(phases());
    expect(process.wanted()).toMatchObject({ start: 0, needed: 4, left: 6, isFixed: true, ask: 'first 6' });
    expect(run(process, most)).toBe(16);
    expect([taken, process.certificate(), process.drawn]).toEqual([[6, 0, 10], 'done', 16]);
  });

  it('stops at a check where that is enough, and drops what was drawn ahead', () => {
    const asked: number[] = [];
    function* phases(): SamplePhases<Piece, string, string> {
      yield phase(10, { isEnough: (used) => asked.push(used) === 2 });
      return 'done';
    }
    const process = new PhasedProcess(phases());
    expect(run(process, 3)).toBe(8);
    process.take({ drawn: 2 });
    expect([asked, process.drawn, process.certificate()]).toEqual([[4, 8], 8, 'done']);
  });

  it('never lets a phase before the last one stop early', () => {
    function* phases(): SamplePhases<Piece, string, string> {
      yield phase(8, { isEnough: () => true });
      yield phase(8);
      return 'done';
    }
    const process = new PhasedProcess(phases());
    expect(() => process.take({ drawn: 4 })).toThrow('only the last phase may stop early');
  });

  it('gives no certificate before its end, and takes no piece over a check', () => {
    function* phases(): SamplePhases<Piece, string, string> {
      yield phase(8);
      return 'done';
    }
    const process = new PhasedProcess(phases());
    expect(() => process.certificate()).toThrow('the process still wants samples');
    expect(() => process.take({ drawn: 5 })).toThrow('a check divides this piece');
  });
});
