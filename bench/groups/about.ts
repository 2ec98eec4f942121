import { settings, Rivals, type SettingName } from '../rivals.ts';
import type { BenchSettings, GroupResult } from '../targets.ts';

const NAMES: readonly SettingName[] = ['native1thread', 'onnx2threads'];

/** What is compared: PyTorch with its libraries, and the engines that are installed. */
export async function measure({ quick }: BenchSettings): Promise<GroupResult> {
  const rivals = await Rivals.start(['lenet'], NAMES, quick);
  const { peer } = rivals;
  const engines: Record<string, unknown> = {};
  for (const name of NAMES) {
    const answer = await rivals.process(name)?.ask({ work: 'load', network: 'lenet' });
    engines[settings[name].engine] = answer?.engine ?? rivals.missing[name];
  }
  rivals.close();
  const about = typeof peer === 'string' ? { reason: peer } : { ...peer.about, threads: 2 };
  return { figures: { about: { PyTorch: about, engines } } };
}
