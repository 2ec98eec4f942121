import type { CliIo } from './types.ts';

/** Writes a line for people, on stderr. @internal */
export function note(io: CliIo, text: string): void {
  io.stderr(`catrs: ${text}\n`);
}

/** Writes one JSON value on stdout, on one line. @internal */
export function printJson(io: CliIo, value: unknown): void {
  io.stdout(`${JSON.stringify(value)}\n`);
}
