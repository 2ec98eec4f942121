import { describe, expect, it } from 'vitest';
import {
  allOf,
  type Stop,
  stopAtDeadline,
  stopAtGain,
  stopAtRadius,
  stopAtSamples,
  stopAtWidth,
  type StopState,
} from '../../src/certify/stops.ts';
import { anytimeRadius } from '../../src/certify/anytime-radius.ts';
import { contextOf, play, votesOf } from './play.ts';

const stateOf = (change: Partial<StopState>): StopState => ({
  nA: 100,
  used: 100,
  lower: { p: 0.9, q: 0.1 },
  upper: { p: 1, q: 0 },
  radius: 1.2,
  upperRadius: Infinity,
  ...change,
});

/** What a stop says at each of these states, in order. */
const answers = (stop: Stop, states: readonly Partial<StopState>[]): boolean[] => {
  const holds = stop.begin();
  return states.map((state) => holds(stateOf(state)));
};

describe('stops', () => {
  it('stopAtWidth waits until the two radii are close', () => {
    const states = [{}, { upperRadius: 1.5 }, { upperRadius: 1.4 }, { radius: 0, upperRadius: 0 }];
    expect(answers(stopAtWidth({ width: 0.25 }), states)).toEqual([false, false, true, true]);
  });

  it('stopAtRadius waits for the radius', () => {
    expect(answers(stopAtRadius({ radius: 1 }), [{ radius: 0.999 }, { radius: 1 }, { radius: 2 }])).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('stopAtSamples waits for the number of samples', () => {
    expect(answers(stopAtSamples({ samples: 500 }), [{ used: 499 }, { used: 500 }, { used: 600 }])).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('stopAtGain compares with the last state that is old enough', () => {
    const states = [
      { used: 100, radius: 0 }, // too early to tell
      { used: 200, radius: 0.3 }, // grew from 0 at the start
      { used: 300, radius: 0.45 }, // from 0 at 100
      { used: 400, radius: 0.5 }, // from 0.3 at 200
      { used: 500, radius: 0.549 }, // from 0.45 at 300: less than 0.1
      { used: 650, radius: 0.7 }, // from 0.5 at 400, since 500 is not old enough
      { used: 700, radius: 0.7 }, // from 0.549 at 500
    ];
    expect(answers(stopAtGain({ gain: 0.1, over: 200 }), states)).toEqual([
      false,
      false,
      false,
      false,
      true,
      false,
      false,
    ]);
  });

  it('stopAtGain gives up where nothing is proven in time', () => {
    const states = [100, 200, 300].map((used) => ({ used, radius: 0 }));
    expect(answers(stopAtGain({ gain: 0.01, over: 300 }), states)).toEqual([false, false, true]);
  });

  it('stopAtDeadline goes by its clock, from the start of each example', () => {
    let time = 5000;
    const stop = stopAtDeadline({ milliseconds: 100, now: () => time });
    const first = stop.begin();
    time = 5099;
    expect(first(stateOf({}))).toBe(false);
    const second = stop.begin();
    time = 5100;
    expect(first(stateOf({}))).toBe(true);
    expect(second(stateOf({}))).toBe(false);
    expect(stop.parameters).toEqual({ milliseconds: 100 });
  });

  it('stopAtDeadline has a clock of its own', () => {
    expect(answers(stopAtDeadline({ milliseconds: 0 }), [{}])).toEqual([true]);
    expect(answers(stopAtDeadline({ milliseconds: 1e9 }), [{}])).toEqual([false]);
  });

  it('allOf waits for all, and asks each at every check', () => {
    const both = allOf({ stops: [stopAtRadius({ radius: 1 }), stopAtGain({ gain: 0.1, over: 100 })] });
    const states = [
      { used: 100, radius: 0.95 },
      { used: 200, radius: 0.96 }, // no gain, but the radius is too small
      { used: 300, radius: 1.2 }, // large enough, but it grew
      { used: 400, radius: 1.25 },
    ];
    expect(answers(both, states)).toEqual([false, false, false, true]);
    expect(both.parameters).toEqual({
      stops: [
        { name: 'stop-at-radius', parameters: { radius: 1 } },
        { name: 'stop-at-gain', parameters: { gain: 0.1, over: 100 } },
      ],
    });
  });
});

describe('stops in anytimeRadius', () => {
  const agree = votesOf([1, 1000]);

  it('ends at the first check where any stop of a list holds, and names it', () => {
    const rule = anytimeRadius({ stops: [stopAtSamples({ samples: 405 }), stopAtRadius({ radius: 1.5 })] });
    expect(play(rule, contextOf(), agree)).toMatchObject({ stop: 'stop-at-radius', used: 110 });
    const other = anytimeRadius({ stops: [stopAtSamples({ samples: 55 }), stopAtRadius({ radius: 1.5 })] });
    expect(play(other, contextOf(), agree)).toMatchObject({ stop: 'stop-at-samples', used: 60 });
  });

  it('ends with all samples drawn if no stop holds', () => {
    const rule = anytimeRadius({ stops: [stopAtRadius({ radius: 30 })] });
    expect(play(rule, contextOf(), agree)).toMatchObject({ stop: 'all-drawn', used: 1000 });
  });

  it('composes', () => {
    const rule = anytimeRadius({
      stops: [allOf({ stops: [stopAtRadius({ radius: 1.5 }), stopAtSamples({ samples: 300 })] })],
    });
    expect(play(rule, contextOf(), agree)).toMatchObject({ stop: 'all-of', used: 300 });
  });

  it('ends at a deadline between checks', () => {
    let time = 0;
    const rule = anytimeRadius({ stops: [stopAtDeadline({ milliseconds: 75, now: () => time++ * 10 })] });
    const { stop, used, result } = play(rule, contextOf(), agree);
    expect({ stop, used }).toEqual({ stop: 'stop-at-deadline', used: 80 }); // the clock is read at the start and at each check
    expect(result.reason).toBe('certified');
  });

  it('takes a stop of a user', () => {
    const rule = anytimeRadius({
      stops: [
        {
          name: 'after-a-miss',
          parameters: {},
          begin:
            () =>
            ({ nA, used }) =>
              nA < used,
        },
      ],
    });
    expect(play(rule, contextOf(), votesOf([1, 233], [0, 1], [1, 800]))).toMatchObject({
      stop: 'after-a-miss',
      used: 240,
    });
  });

  it('knows the radius to the width that it was asked for', () => {
    const votes = Array.from({ length: 20_000 }, (_, i) => (i % 5 === 4 ? 0 : 1));
    const widths = [0.6, 0.3, 0.15];
    const used = widths.map((width) => {
      const rule = anytimeRadius({ stops: [stopAtWidth({ width })] });
      return play(rule, contextOf({ n: 20_000 }), votes, 100).used;
    });
    expect([...used].sort((a, b) => a - b)).toEqual(used);
    expect(used[2]! / used[1]!).toBeGreaterThan(3); // four times the samples for half the width, nearly
    expect(used[2]!).toBeLessThan(20_000);
  });
});
