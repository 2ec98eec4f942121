import type { Command } from 'commander';
import type { CliIo } from './io.ts';
import { addOptions, type OptionData, type OptionGroup, type OptionsOf, type OptionTable } from './options.ts';

/** What a command runs, with the settings that its options say. @internal */
export type RunCommand<Settings> = (settings: Settings, io: CliIo, args: readonly string[]) => Promise<void>;

/** A command of the command line: what it takes. What it runs is given where it is registered. @internal */
export interface CliCommand<Settings> {
  readonly name: string;
  /** The long flags of its options, `--debug` and `--help` too. */
  readonly flags: readonly string[];
  /** Adds it to the program. */
  readonly register: (program: Command, io: CliIo, run: RunCommand<Settings>) => void;
  /** What an error of the library quotes: a field as `n`, or a setting as `recheck: false`; in the words of the command, if it has any for it. */
  readonly wordsFor: (quoted: string) => string | undefined;
}

type Intersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;

/** What a command is made of. */
interface CommandData<Groups extends readonly OptionGroup[]> {
  readonly name: string;
  readonly description: string;
  /** Its arguments beside the options, and what they are. */
  readonly argument?: readonly [syntax: string, help: string];
  readonly groups: Groups;
  /** Defaults of the library for options that are left to it. */
  readonly library: object;
  /** Fields of the library that have another name in this command, with the name of the option. */
  readonly names?: Readonly<Record<string, string>>;
  /** Said after the options: an example at least. */
  readonly ending: string;
}

/** Fields of the library that have another name in every command. */
const OTHER_NAMES = {
  key: 'seed',
  file: 'out',
  x: 'data',
  noise: 'sigma',
  'select.start': 'start',
  'select.skip': 'skip',
  'select.max': 'max',
  'select.shard': 'shard',
};

const DEBUG: OptionTable = { debug: { flags: '--debug', help: 'print the stack of an error' } };

/** Makes a command whose settings have the types of its options. @internal */
export function cliCommand<const Groups extends readonly OptionGroup[]>(
  data: CommandData<Groups>,
): CliCommand<OptionsOf<Intersection<Groups[number][1]>>> {
  const { name, description, argument, groups, library, ending } = data;
  const words = quotedWords(data);
  return {
    name,
    register: (program, io, run) => {
      const command = program.command(name).description(description);
      if (argument) command.argument(...argument);
      addOptions(command, [...groups, ['Options', DEBUG]], library);
      command.addHelpText('after', `\n${ending}`).action(async () => {
        await run(command.opts(), io, command.args);
      });
    },
    flags: [...groups.flatMap(([, options]) => Object.values(options).map(longFlag)), '--debug', '--help'],
    wordsFor: (quoted) => words.get(quoted),
  };
}

/** What the library quotes, and how it is said on the command line. */
function quotedWords({
  argument,
  groups,
  names,
}: Pick<CommandData<readonly OptionGroup[]>, 'argument' | 'groups' | 'names'>): ReadonlyMap<string, string> {
  const words = new Map<string, string>(argument ? [['files', argument[0]]] : []);
  for (const [name, option] of groups.flatMap(([, options]) => Object.entries(options))) {
    const long = longFlag(option);
    if (long.startsWith('--no-')) {
      words.set(`${name}: false`, long);
      continue;
    }
    words.set(name, long);
    if (!/[<[]/.test(option.flags)) words.set(`${name}: true`, long);
    for (const choice of option.choices ?? []) words.set(`${name}: '${choice}'`, `${long} ${choice}`);
  }
  for (const [field, option] of Object.entries({ ...OTHER_NAMES, ...names })) {
    const word = words.get(option);
    if (word !== undefined && !words.has(field)) words.set(field, word);
  }
  return words;
}

function longFlag({ flags }: OptionData): string {
  return /--[\w-]+/.exec(flags)?.[0] ?? '';
}
