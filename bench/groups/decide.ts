import { classProbabilities } from '../../examples/adaptive-sampling.ts';
import { certifyWays, Compared } from '../compared.ts';
import { hardestRow } from '../hardest-row.ts';
import { plannedCost } from '../planned-samples.ts';
import { Rivals, type SettingName } from '../rivals.ts';
import { significant } from '../statistics.ts';
import { SIGMA } from '../subjects.ts';
import { roundsOf, type BenchSettings, type GroupResult, type Measured } from '../targets.ts';

const NAMES: readonly SettingName[] = ['native2workers', 'onnx2workers', 'wasm2workers'];
const N = 100_000;

/**
 * Time to decide one radius for a test set: LeNet's passes on real images, with votes as likely as in the published logs of CIFAR-10. What
 * PyTorch takes is its time a sample, from the same rounds, times n.
 */
export async function measure(settings: BenchSettings): Promise<GroupResult> {
  const { quick } = settings;
  const rivals = await Rivals.start(['lenet'], NAMES, quick);
  const here = NAMES.filter((name) => rivals.has(name));
  const units = quick ? 64 : 8192;
  const ways = certifyWays('lenet', units, SIGMA, quick ? [16] : [64, 256, 1000]);
  const peer = await rivals.bestOfPeer(ways, roundsOf(settings, 3));
  const { sigma, radius } = hardestRow;
  const probabilities = await classProbabilities(sigma, quick ? 2500 : 200);
  const decide = { work: 'decide', sigma, radius, probabilities } as const;
  const small = { ...decide, probabilities: probabilities.slice(0, 2) };
  const told: Partial<Record<SettingName, { readonly mean?: number; readonly certified?: number }>> = {};
  for (const name of here) await rivals.ours(name, small)();
  const ours = Object.fromEntries(
    here.map((name) => [
      name,
      async () => {
        const answer = await rivals.process(name)!.ask(decide);
        told[name] = answer;
        return answer.seconds;
      },
    ]),
  );
  const rounds = roundsOf(settings, 2);
  const compared = await Compared.measure({ ours, units: probabilities.length, peer, rounds, warmUp: 0 });
  rivals.close();
  const all = plannedCost(sigma, radius, await classProbabilities(sigma, quick ? 500 : 10), quick ? 1 : 16);

  const measured = (name: SettingName): Measured => {
    const [perSample, perImage] = [compared.peerSeconds, compared.secondsOf(name)];
    if (perImage === undefined) return { value: null, reason: rivals.missing[name] ?? 'not measured' };
    if (perSample === undefined) return { value: null, reason: peer as string };
    const { mean, certified } = told[name]!;
    // The mean over few images is a matter of chance: the speed is that of these, the number of samples that of all.
    const decision = (perImage / mean!) * all.samples;
    const details = {
      ...{ sigma, radius, images: probabilities.length, 'mean samples of these': mean, 'certified, share': certified },
      ...{ 'mean samples of all': significant(all.samples), 'seconds a decision': significant(decision) },
    };
    return { value: significant((N * perSample) / decision), details };
  };
  const natives = (['native2workers', 'onnx2workers'] as const).map(measured).filter(({ value }) => value !== null);
  const best = natives.reduce<Measured>((a, b) => ((a.value ?? 0) > b.value! ? a : b), measured('native2workers'));
  return {
    targets: { P2t: best, P2tw: measured('wasm2workers') },
    figures: {
      'decisions about one radius, LeNet, images/s': {
        ...compared.rates(),
        'PyTorch with n = 100 000': compared.peerSeconds && significant(1 / (N * compared.peerSeconds)),
      },
    },
  };
}
