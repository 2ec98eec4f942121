import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { registerAnalyze } from './commands/analyze.ts';
import { registerAttack } from './commands/attack.ts';
import { registerCertify } from './commands/certify.ts';
import { registerMerge } from './commands/merge.ts';
import { registerPredict } from './commands/predict.ts';
import { registerSoftTargets } from './commands/soft-targets.ts';
import { registerTrain } from './commands/train.ts';
import { registerVerify } from './commands/verify.ts';
import { reportError } from './report-error.ts';
import { type CliIo, EXIT } from './io.ts';

const EXIT_CODES = `
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
    const command = program.commands.find((one) => one.name() === args[0]) ?? program;
    const known = new Set(command.options.flatMap(({ long }) => long ?? []));
    return reportError(error, io, { args, known });
  }
}

async function catrsProgram(io: CliIo): Promise<Command> {
  const file = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(file) as { readonly version: string };
  const program = new Command('catrs')
    .description('Randomized smoothing: train, attack and certify provably robust classifiers.')
    .version(version, '--version', 'print the version')
    .option('--debug', 'print the stack of an error')
    .addHelpText('after', EXIT_CODES)
    .exitOverride()
    // Errors are printed by reportError, in one line.
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr, outputError: () => undefined });
  for (const register of [
    registerTrain,
    registerSoftTargets,
    registerCertify,
    registerPredict,
    registerAttack,
    registerAnalyze,
    registerMerge,
    registerVerify,
  ]) {
    register(program, io);
  }
  for (const command of program.commands) command.option('--debug', 'print the stack of an error');
  return program;
}
