// A process of ours: makes its engine ready, then does what it is asked, one thing at a time.
import { Bench } from './bench.ts';
import type { OursMessage, OursWork, ProcessSetting } from './setting.ts';

process.on('disconnect', () => process.exit(1)); // the run was stopped
const bench = Bench.start(JSON.parse(process.argv[2]!) as ProcessSetting);
process.on('message', (work) => {
  void answer(work as OursWork).then((message) => process.send?.(message));
});

async function answer(work: OursWork): Promise<OursMessage> {
  try {
    return await (await bench).do(work);
  } catch (error) {
    console.error(error);
    return { error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}
