// The process of one group of benchmarks: measures, tells its parent, ends.
import type { GroupMessage } from './run-groups.ts';
import { groups } from './groups.ts';
import type { BenchSettings } from './targets.ts';

const [, , name = '', settings = '{}'] = process.argv;
process.on('disconnect', () => process.exit(1)); // the run was stopped
const message = await measure();
// A runtime may keep threads of its own, which must not keep the process.
process.send?.(message, () => process.exit('error' in message ? 1 : 0));

async function measure(): Promise<GroupMessage> {
  try {
    const group = await groups[name]!.load();
    return { result: await group.measure(JSON.parse(settings) as BenchSettings) };
  } catch (error) {
    console.error(error);
    return { error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}
