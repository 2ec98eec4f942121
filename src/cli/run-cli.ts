import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import type { CliCommand, RunCommand } from './command.ts';
import { analyzeCommand } from './commands/analyze.ts';
import { attackCommand } from './commands/attack.ts';
import { certifyCountsCommand } from './commands/certify-counts.ts';
import { certifyCommand } from './commands/certify.ts';
import { mergeCommand } from './commands/merge.ts';
import { predictCommand } from './commands/predict.ts';
import { softTargetsCommand } from './commands/soft-targets.ts';
import { trainCommand } from './commands/train.ts';
import { verifyCommand } from './commands/verify.ts';
import { type CliIo, EXIT } from './io.ts';
import { reportError } from './report-error.ts';

/** A command with what it runs, which is loaded when it runs. */
interface BoundCommand extends Omit<CliCommand<never>, 'register'> {
  readonly addTo: (program: Command, io: CliIo) => void;
}

function bound<Settings>(command: CliCommand<Settings>, run: RunCommand<Settings>): BoundCommand {
  return { ...command, addTo: (program, io) => command.register(program, io, run) };
}

/** All commands, in the order of the help. @internal */
export const COMMANDS: readonly BoundCommand[] = [
  bound(trainCommand, async (settings, io) => (await import('./train/train.ts')).train(settings, io)),
  bound(softTargetsCommand, async (settings, io) => (await import('./soft-targets.ts')).softTargets(settings, io)),
  bound(certifyCommand, async (settings, io) => (await import('./certify.ts')).certify(settings, io)),
  bound(certifyCountsCommand, async (settings, io, files) =>
    (await import('./certify-counts.ts')).certifyCounts(settings, io, files),
  ),
  bound(predictCommand, async (settings, io) => (await import('./predict.ts')).predict(settings, io)),
  bound(attackCommand, async (settings, io) => (await import('./attack.ts')).attack(settings, io)),
  bound(analyzeCommand, async (settings, io, logs) => (await import('./analyze.ts')).analyze(settings, io, logs)),
  bound(mergeCommand, async (settings, io, logs) => (await import('./merge.ts')).merge(settings, io, logs)),
  bound(verifyCommand, async (settings, io, logs) => (await import('./verify.ts')).verify(settings, io, logs)),
];

const ENDING = `
Short flags: -d --data, -m --model, -s --sigma, -n --n, -o --out, -w --workers, -r --resume, -e --epochs or --epsilon.

Exit codes: 0 done; 1 a check failed, or an error in the run; 2 the command line, a file or a model is not what is
needed, and nothing was written; 130 ended by Ctrl-C or SIGTERM, files are valid and the same command goes on with --resume.`;

/**
 * Runs the command line `catrs` within this process.
 *
 * @param args - the arguments after the name of the program, for example `['certify', '--help']`
 * @returns the exit code of the process
 */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  const program = await catrsProgram(io);
  if (args.length === 0) {
    io.stderr(program.helpInformation());
    return EXIT.usage;
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    return reportError(error, io, { args, command: COMMANDS.find(({ name }) => name === args[0]) });
  }
}

async function catrsProgram(io: CliIo): Promise<Command> {
  const file = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(file) as { readonly version: string };
  const program = new Command('catrs')
    .description('Randomized smoothing: train, attack and certify provably robust classifiers.')
    .version(version, '-V, --version', 'print the version')
    .option('--debug', 'print the stack of an error')
    .addHelpText('after', ENDING)
    .exitOverride()
    // Errors are printed by reportError, in one line.
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr, outputError: () => undefined });
  for (const { addTo } of COMMANDS) addTo(program, io);
  return program;
}
