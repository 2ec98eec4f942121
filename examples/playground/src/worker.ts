/**
 * The worker: all arithmetic happens here, so that the page stays responsive.
 */
import { Engine } from './engine/engine.ts';
import type { Control } from './engine/control.ts';
import { messageOf } from './message-of.ts';
import type { Progress, Reply, Request, Results, TaskName } from './protocol.ts';

const engine = new Engine();
const running = new Map<number, { stop: boolean; readonly abort: AbortController }>();

self.addEventListener('message', ({ data }: MessageEvent<Request>) => {
  const { id } = data;
  if (data.kind === 'stop' || data.kind === 'cancel') {
    const task = running.get(id);
    if (task === undefined) return;
    task.stop = true;
    if (data.kind === 'cancel') task.abort.abort();
    return;
  }
  const task = { stop: false, abort: new AbortController() };
  running.set(id, task);
  const control: Control<Progress[TaskName]> = {
    signal: task.abort.signal,
    isStopped: () => task.stop,
    report: (value) => send({ id, kind: 'progress', value }),
  };
  run(data, control)
    .then(
      (value) => send({ id, kind: 'done', value }),
      (error: unknown) => {
        send({ id, kind: 'failed', message: messageOf(error), cancelled: task.abort.signal.aborted });
      },
    )
    .finally(() => running.delete(id));
});

function run(request: Request, control: Control<Progress[TaskName]>): Promise<Results[TaskName]> {
  switch (request.kind) {
    case 'start':
      return engine.start(request.task, control);
    case 'backend':
      return engine.changeBackend(request.task.wanted);
    case 'certify':
      return engine.certify(request.task, control);
    case 'attack':
      return engine.attack(request.task, control);
    case 'train':
      return engine.train(request.task, control);
    case 'stop':
    case 'cancel':
      return Promise.reject(new Error('not a task'));
  }
}

function send(reply: Reply): void {
  self.postMessage(reply);
}
