#!/usr/bin/env node
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { runCli } from './run-cli.ts';

const { stdout, stderr } = process;
const interrupt = new AbortController();

// The first Ctrl-C, or SIGTERM of a scheduler, ends the run in order; a second one, as there is then no listener, ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => interrupt.abort());

// Whoever reads the results may stop reading, as head does.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(1);
});

// Where each system keeps what can be made again.
const caches = process.platform === 'win32' ? process.env['LOCALAPPDATA'] : process.env['XDG_CACHE_HOME'];

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: (text) => void stdout.write(text),
  stderr: (text) => void stderr.write(text),
  isTTY: stderr.isTTY,
  columns: stderr.columns ?? 80,
  signal: interrupt.signal,
  planFolder: join(caches || join(homedir(), '.cache'), 'catrs', 'plans'),
});
