import { describe, expect, it, vi } from 'vitest';
import { chooseGroups, groups } from '../../bench/groups.ts';
import { type BenchReport, runGroups } from '../../bench/run-groups.ts';
import { figureTables, targetTable } from '../../bench/table.ts';
import { reached, targetKeys } from '../../bench/targets.ts';

const measured = (value: number) => ({ value, limit: 3, limitBecause: 'cores' });

describe('the benchmarks', () => {
  it('measure every target, each in one group', () => {
    const measuredBy = Object.values(groups).flatMap(({ targets }) => targets);
    expect([...measuredBy].sort()).toEqual([...targetKeys].sort());
  });

  it('are chosen by group or by target', () => {
    expect(chooseGroups([])).toEqual(Object.keys(groups));
    expect(chooseGroups(['P7a', 'p4', 'passes', 'sweep'])).toEqual(['about', 'certify', 'passes', 'overhead', 'sweep']);
    expect(() => chooseGroups(['P99'])).toThrow('no benchmark is called P99; there are about, certify, P1, ');
  });

  it('lose only the figures of a group that crashes', async () => {
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const heard: number[] = [];
    const run = async (name: string) => {
      if (name === 'overhead') throw new Error('boom');
      return { targets: { P1: measured(2.5) }, figures: { rate: 7 } };
    };
    const onGroup = ({ targets }: BenchReport) => void heard.push(Object.keys(targets).length);
    const report = await runGroups(['overhead', 'certify'], { quick: true }, { run, onGroup });
    stderr.mockRestore();
    expect(heard).toEqual([1, 4]); // P4 at once, then P1, P1w and P7a
    expect(report.failures).toEqual({ overhead: 'boom' });
    expect(report.figures).toEqual({ rate: 7 });
    expect(report.targets.P4).toMatchObject({ value: null, reason: 'boom', target: 3, unit: '%', limit: null });
    expect(report.targets.P1).toMatchObject({ value: 2.5, target: 2, limit: 3, unit: 'times', met: true });
    expect(report.targets.P1w).toMatchObject({ value: null, reason: 'the group did not measure it' });
  });

  it('meet a target from its side, and only with its conditions', () => {
    expect(reached('P1', measured(1.9)).met).toBe(false);
    expect(reached('P4', measured(1.9)).met).toBe(true);
    expect(reached('P4', measured(3.1)).met).toBe(false);
    expect(reached('P2', { ...measured(17), conditions: { 'no false certificate': true } }).met).toBe(true);
    expect(reached('P2', { ...measured(17), conditions: { 'no false certificate': false } }).met).toBe(false);
  });

  it('are printed as Markdown', () => {
    expect(reached('P9', { value: 0.9 })).toMatchObject({ limit: null, met: true });
    const table = targetTable({
      P4: reached('P4', measured(1.9)),
      P6a: reached('P6a', { value: null, reason: 'no GPU' }),
    });
    expect(table).toContain('| ≤ 3 % | **1.9** % | 3 %: cores | yes |');
    expect(table).toContain('| ≤ 5 % | – (no GPU) | – | – |');
    const figures = figureTables({ forward: { wasm: { median: 4000, seconds: [1, 2] } } });
    expect(figures).toBe('### forward\n\n|  | value |\n| --- | --- |\n| wasm, median | 4000 |');
  });
});
