import { CommanderError } from 'commander';
import { BackendError, CatrsError, DataError } from '../errors.ts';
import type { CliCommand } from './command.ts';
import { CliError, type CliIo, EXIT, note } from './io.ts';

/** What of a command its errors are said with. */
type Spoken = Pick<CliCommand<never>, 'name' | 'flags' | 'wordsFor'>;

/** How an error is reported. */
interface ReportOptions {
  /** The arguments of the program; with `--debug` the stack is printed, too. */
  readonly args: readonly string[];
  /** The command that they name, if they name one. */
  readonly command: Spoken | undefined;
}

/** Prints an error as one line on stderr and gives the exit code. @internal */
export function reportError(error: unknown, io: CliIo, { args, command }: ReportOptions): number {
  if (error instanceof CommanderError) return reportUsage(error, io, { args, command });
  if (io.signal.aborted && error === io.signal.reason) {
    note(io, 'interrupted');
    return EXIT.interrupted;
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  // Errors of the command line itself speak its language already.
  note(io, oneLine(error instanceof CatrsError ? textFor(error, command) : message));
  if (args.includes('--debug')) io.stderr(`${stack}\n`);
  return exitCodeOf(error);
}

/**
 * The text of an error of the library in the words of a command: what it quotes, the wrong field first, is said as the option that it is. What is
 * no option of the command stays as it is.
 * @internal
 */
export function textFor(error: CatrsError, command: Spoken | undefined): string {
  const quoted = error.message.slice(`${error.call}: `.length).split('`');
  const words = quoted.map((part, i) => {
    if (i % 2 === 0) return part; // what stands between two backquotes has an odd place
    if (i === quoted.length - 1) return `\`${part}`;
    return command?.wordsFor(part) ?? `\`${part}\``;
  });
  return words.join('');
}

function reportUsage({ code, exitCode, message }: CommanderError, io: CliIo, { args, command }: ReportOptions): number {
  // Commander has printed help and version already; these are no errors.
  if (exitCode === 0) return EXIT.ok;
  const text = oneLine(message.replace(/^error: /, ''));
  const help = `see: catrs${command === undefined ? '' : ` ${command.name}`} --help`;
  note(io, `${withStranger(text, code, { args, command })} (${help})`);
  return EXIT.usage;
}

/** Says what an unknown option is called here, also where commander complains first that a required one is missing: most often it is misspelt. */
function withStranger(text: string, code: string, { args, command }: ReportOptions): string {
  const isMissing = code === 'commander.missingMandatoryOptionValue';
  if (command === undefined || !(isMissing || code === 'commander.unknownOption')) return text;
  const [stranger] = args.slice(1).flatMap((arg) => {
    const [flag = ''] = arg.split('=', 1);
    return /^--\w/.test(flag) && !command.flags.includes(flag) ? [flag] : [];
  });
  if (stranger === undefined) return text;
  const here = nameHere(stranger, command);
  const unknown = `unknown option '${stranger}'${here === undefined ? '' : ` (here it is ${here})`}`;
  if (isMissing) return `${unknown}, and ${text}`;
  return here === undefined ? text : unknown;
}

/** Options of the PyTorch scripts of the field, in any spelling of their dashes, and what they may be called here. */
const SCRIPT_NAMES: Readonly<Record<string, readonly string[]>> = {
  'noise-sd': ['--sigma'],
  noise: ['--sigma'],
  N: ['--n'],
  N0: ['--n0'],
  batch: ['--batch-size'],
  outfile: ['--out'],
  outdir: ['--out'],
  'base-classifier': ['--model'],
  dataset: ['--data'],
  attack: ['--attack', '--method'],
  'num-noise-vec': ['--num-noise'],
  'gauss-num': ['--num-noise'],
  'num-steps': ['--attack-steps', '--steps'],
  stepsize: ['--step-size'],
  eps: ['--epsilon'],
  lbd: ['--lambda'],
  lr: ['--learning-rate'],
  'lr-step-size': ['--lr-every'],
  gamma: ['--lr-gamma'],
  warmup: ['--warmup-epochs'],
  deferred: ['--deferred-epochs'],
  'pretrained-model': ['--init'],
  'num-workers': ['--workers'],
};

function nameHere(stranger: string, command: Spoken): string | undefined {
  const name = stranger.slice(2).replaceAll('_', '-');
  const names = SCRIPT_NAMES[name] ?? SCRIPT_NAMES[name.toLowerCase()] ?? [`--${name.toLowerCase()}`];
  return names.find((flag) => command.flags.includes(flag));
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CliError) return error.exitCode;
  // A disk that takes no more and a thread that ended say so by the system's error: the run had begun.
  if (error instanceof DataError && error.value instanceof Error) return EXIT.failed;
  if (error instanceof BackendError) return EXIT.failed;
  return error instanceof CatrsError ? EXIT.usage : EXIT.failed;
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ');
}
