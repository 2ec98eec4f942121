import type { CliIo } from './types.ts';

/** Shows how far a run is. @internal */
export interface ProgressDisplay {
  /** Shows a line: over the last one in a terminal, else below it, and then not more often than every few seconds. */
  update(line: string): void;
  /** Ends the display, with the last line that was given in sight. */
  end(): void;
}

/** Milliseconds between two plain lines. */
const INTERVAL = 5000;

/** A display of progress on stderr. @internal */
export function showProgress(io: CliIo): ProgressDisplay {
  return io.isTTY ? terminalDisplay(io) : plainDisplay(io);
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
    update: (line) => {
      const now = performance.now();
      waiting = line;
      if (now - last < INTERVAL) return;
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
