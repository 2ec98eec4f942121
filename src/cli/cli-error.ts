import { EXIT } from './types.ts';

/** An error of the command line itself: one line that says what is wrong and the way out. @internal */
export class CliError extends Error {
  /** The exit code of the process. */
  readonly exitCode: number;

  /** Bad usage (exit code 2), unless told otherwise. */
  constructor(message: string, exitCode: number = EXIT.usage) {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}
