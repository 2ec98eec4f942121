import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import * as common from '../../src/cli/common-options.ts';
import { addOptions, type OptionTable } from '../../src/cli/options.ts';
import { COMMANDS } from '../../src/cli/run-cli.ts';
import { methods } from '../../src/recipes/methods.ts';
import { presets } from '../../src/recipes/presets.ts';

const io = {
  stdout: () => undefined,
  stderr: () => undefined,
  isTTY: false,
  columns: 80,
  signal: new AbortController().signal,
};

describe('options of the command line', () => {
  it.each(COMMANDS.map((command) => [command.name, command] as const))(
    'of catrs %s have the names of their flags, and each flag once',
    (name, { addTo, flags }) => {
      const program = new Command();
      addTo(program, io);
      const [command] = program.commands;
      expect(command?.name()).toBe(name);
      expect(command?.options.map(({ long }) => long).sort()).toEqual(flags.filter((one) => one !== '--help').sort());
      const shorts = command?.options.flatMap(({ short }) => short ?? []) ?? [];
      expect(new Set(shorts).size).toBe(shorts.length);
    },
  );

  it('have in a table the name that commander gives them', () => {
    const tables = Object.entries(common).flatMap(([name, one]) =>
      /(Options|Data|Form)$/.test(name) ? one : [],
    ) as OptionTable[];
    expect(tables.length).toBeGreaterThan(8);
    for (const table of tables) {
      const command = new Command();
      addOptions(command, [['Options', table]], {});
      expect(command.options.map((option) => option.attributeName())).toEqual(Object.keys(table));
    }
  });
});

it('trains by all methods, and with all presets', () => {
  const program = new Command();
  COMMANDS.find(({ name }) => name === 'train')?.addTo(program, io);
  const choices = (long: string): readonly string[] | undefined =>
    program.commands[0]?.options.find((option) => option.long === long)?.argChoices;
  expect(choices('--method')).toEqual(Object.keys(methods));
  // The networks of ImageNet are not there.
  expect([...(choices('--preset') ?? []), 'imagenet'].sort()).toEqual(Object.keys(presets).sort());
});

it('TensorFlow.js is loaded only when a command runs', () => {
  const src = new URL('../../src/', import.meta.url);
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: URL): void => {
    if (seen.has(file.href)) return;
    seen.add(file.href);
    // Imports that are there at run time, before anything is called.
    for (const [, from = ''] of readFileSync(file, 'utf8').matchAll(
      /^(?:im|ex)port (?!type)[^;()]*?from '([^']+)';/gms,
    )) {
      if (from.startsWith('.')) visit(new URL(from, file));
      else packages.add(from);
    }
  };
  visit(new URL('cli/main.ts', src));
  expect([...packages].filter((name) => !name.startsWith('node:')).sort()).toEqual(['commander', 'zod/mini']);
  expect([...seen].map((href) => href.slice(src.href.length))).toContain('smoothed/call-options.ts');
});
