// A worker thread that dies at its first task (digits.test.ts).
import { parentPort } from 'node:worker_threads';

parentPort.on('message', () => {
  throw new Error('out of luck');
});
