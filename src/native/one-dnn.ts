import process from 'node:process';
import { hasTensorflow, realEnvironment } from './process-report.ts';

/** TensorFlow reads it once in the life of a process. */
const VARIABLE = 'TF_ENABLE_ONEDNN_OPTS';

/** Whether TensorFlow computes with oneDNN: as it is told, or, where it is told nothing, as it likes on this processor. @internal */
export type OneDnn = 'on' | 'off' | 'by processor';

/**
 * Makes TensorFlow compute with oneDNN, unless the host decided or has loaded it: by itself it does so on the newest processors only. A later
 * setting would change nothing but what is told of it.
 * @internal
 */
export function preferOneDnn(): void {
  if (process.env[VARIABLE] === undefined && !hasTensorflow()) process.env[VARIABLE] = '1';
}

/** What TensorFlow is told in this process; a worker with an environment of its own cannot tell it anything. @internal */
export function oneDnn(): OneDnn {
  return oneDnnOf(realEnvironment()[VARIABLE]);
}

/** What TensorFlow understands by the value of the variable; another one counts for it as none. */
function oneDnnOf(value: string | undefined): OneDnn {
  const word = value?.toLowerCase();
  if (word === '1' || word === 'true') return 'on';
  return word === '0' || word === 'false' ? 'off' : 'by processor';
}

/** The same in the name of the engine; nothing where it is off. @internal */
export const ONE_DNN_TEXT: Readonly<Record<OneDnn, string>> = {
  on: ', oneDNN',
  off: '',
  'by processor': ', oneDNN by processor',
};
