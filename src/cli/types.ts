/** What a run of the command line may do to the world, so that a test can run it in its own process. */
export interface CliIo {
  /** Takes results. Texts bring their line ends. */
  readonly stdout: (text: string) => void;
  /** Takes errors, notes and progress. Texts bring their line ends. */
  readonly stderr: (text: string) => void;
  /** Whether `stderr` is a terminal: progress is then one line that is written over. */
  readonly isTTY: boolean;
  /** Width of the terminal, in characters. */
  readonly columns: number;
  /** Aborted by Ctrl-C; the command then leaves valid files and says how to go on. */
  readonly signal: AbortSignal;
  /**
   * Options of Node for worker threads.
   * @defaultValue those of this process
   */
  readonly workerArguments?: readonly string[];
}

/** How a run of `catrs` ends. */
export const EXIT = {
  /** Everything was done. */
  ok: 0,
  /** A check failed, or an error happened on the way. */
  failed: 1,
  /** The command line, a file or a model is not what the command needs; nothing was written. */
  usage: 2,
  /** Ended by Ctrl-C; files are valid and can be gone on with. */
  interrupted: 130,
} as const;
