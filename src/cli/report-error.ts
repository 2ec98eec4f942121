import { CommanderError } from 'commander';
import { BackendError, CatrsError, DataError } from '../errors.ts';
import { CliError, type CliIo, EXIT, note } from './io.ts';

/** How an error is reported. */
interface ReportOptions {
  /** The arguments of the program; with `--debug` the stack is printed, too. */
  readonly args: readonly string[];
  /** The options of the command, with their dashes. */
  readonly known: ReadonlySet<string>;
}

/** Prints an error as one line on stderr and gives the exit code. @internal */
export function reportError(error: unknown, io: CliIo, { args, known }: ReportOptions): number {
  if (error instanceof CommanderError) return reportUsage(error, io, { args, known });
  if (io.signal.aborted && error === io.signal.reason) {
    note(io, 'interrupted');
    return EXIT.interrupted;
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  // Errors of the command line itself speak its language already.
  const text = error instanceof CatrsError ? speakOptions(message.slice(`${error.call}: `.length), known) : message;
  note(io, oneLine(text));
  if (args.includes('--debug')) io.stderr(`${stack}\n`);
  return exitCodeOf(error);
}

/** Commander has printed help and version already; these are no errors. */
function reportUsage({ code, exitCode, message }: CommanderError, io: CliIo, { args, known }: ReportOptions): number {
  if (exitCode === 0) return EXIT.ok;
  const text = oneLine(message.replace(/^error: /, ''));
  // Commander looks for required options first; most often one is missing because it is misspelt.
  const isMissing = code === 'commander.missingMandatoryOptionValue';
  const stranger = isMissing
    ? args.find((one) => one.startsWith('--') && !known.has(one.split('=', 1)[0] ?? ''))
    : undefined;
  const unknown = stranger === undefined ? '' : `unknown option '${stranger}', and `;
  note(io, `${unknown}${text} (catrs --help lists what there is)`);
  return EXIT.usage;
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

/** Names of the library for what has another name on the command line. */
const OTHER_NAMES: Readonly<Record<string, string>> = { key: 'seed', file: 'out', noise: 'sigma' };

/**
 * Says an error of the library in the options of a command: `batchSize` becomes --batch-size, `recheck: false` --no-recheck. What is no
 * option of the command stays as it is.
 * @internal
 */
export function speakOptions(text: string, known: ReadonlySet<string>): string {
  const option = (name: string): string | undefined =>
    [kebab(name), OTHER_NAMES[name] ?? ''].map((long) => `--${long}`).find((long) => known.has(long));
  return text
    .replace(/`(\w+): false`/g, (all, name: string) => (known.has(`--no-${kebab(name)}`) ? `--no-${kebab(name)}` : all))
    .replace(/`?\b(\w+): '(\w+)'`?/g, (all, name: string, value: string) => {
      const long = option(name);
      return long === undefined ? all : `${long} ${value}`;
    })
    .replace(/`(\w+)`/g, (all, name: string) => option(name) ?? all);
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
