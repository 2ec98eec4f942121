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
  /**
   * Folder in which plans of `--radius` are kept for later runs.
   * @defaultValue they are not kept
   */
  readonly planFolder?: string;
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

/** Writes a line for people, on stderr. @internal */
export function note(io: Pick<CliIo, 'stderr'>, text: string): void {
  io.stderr(`catrs: ${text}\n`);
}

/** Writes one JSON value on stdout, on one line. @internal */
export function printJson(io: CliIo, value: unknown): void {
  io.stdout(`${JSON.stringify(value)}\n`);
}

/** Shows how far a run is. @internal */
export interface ProgressDisplay {
  /**
   * Shows a line: over the last one in a terminal, else below it, and then not more often than every few seconds; a minor one, which says little
   * that is new, not more often than every minute.
   */
  update(line: string, options?: { readonly isMinor?: boolean }): void;
  /** Ends the display, with the last line that was given in sight. */
  end(): void;
}

/** Milliseconds between two plain lines, and between any and a minor one. */
const INTERVAL = 5000;
const MINOR_INTERVAL = 60_000;

/** A display of progress on stderr. @internal */
export function showProgress(io: CliIo): ProgressDisplay {
  return io.isTTY ? terminalDisplay(io) : plainDisplay(io);
}

/** Runs something with a display of its progress. Ctrl-C, the signal, ends it with an error that says `interrupted` and what that left. @internal */
export async function withProgress<T>(
  io: CliIo,
  run: (display: ProgressDisplay) => Promise<T>,
  left: () => string,
): Promise<T> {
  const display = showProgress(io);
  try {
    return await run(display);
  } catch (error) {
    if (!io.signal.aborted || error !== io.signal.reason) throw error;
    display.end();
    throw new CliError(`interrupted${left()}`, EXIT.interrupted);
  } finally {
    display.end();
  }
}

function terminalDisplay(io: CliIo): ProgressDisplay {
  let shown = false;
  return {
    update: (line) => {
      shown = true;
      io.stderr(`\r${line.slice(0, Math.max(io.columns - 1, 10))}\u001b[K`);
    },
    end: () => {
      if (shown) io.stderr('\n');
      shown = false;
    },
  };
}

function plainDisplay(io: CliIo): ProgressDisplay {
  let last = -Infinity;
  let waiting: string | undefined;
  return {
    update: (line, { isMinor = false } = {}) => {
      const now = performance.now();
      waiting = line;
      if (now - last < (isMinor ? MINOR_INTERVAL : INTERVAL)) return;
      last = now;
      waiting = undefined;
      io.stderr(`${line}\n`);
    },
    end: () => {
      if (waiting !== undefined) io.stderr(`${waiting}\n`);
      waiting = undefined;
    },
  };
}
