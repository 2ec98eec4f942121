import { availableParallelism } from 'node:os';
import { useWasm } from 'catrs/wasm';
import { oneCoreStep, startTwoCoreStep } from '../cat-rs-step.ts';
import { matMulGflops, matMulSeconds } from '../mat-mul.ts';
import { alternate, type Work } from '../rounds.ts';
import { pairedRatio, rates, significant } from '../statistics.ts';
import { FORWARD_FLOP } from '../subjects.ts';
import type { BenchSettings, GroupResult, Measured } from '../targets.ts';
import { Torch } from '../torch.ts';

const M = 4;
const T = 4;

/**
 * Passes over one image in one step, each as dear as a forward pass: the attack's T·M forward and T·M input gradients, the clean and
 * the attacked noisy forward, and of both the gradients for inputs and for weights.
 */
const PASSES = 2 * T * M + 2 * M + 2 * 2 * M;

/** A training step of CAT-RS on one core and on two, against PyTorch on two. */
export async function measure({ quick }: BenchSettings): Promise<GroupResult> {
  await useWasm({ threads: 1 });
  const torch = await Torch.start();
  const batch = quick ? 8 : 64;
  const one = oneCoreStep(batch);
  const two = await startTwoCoreStep(batch);
  const size = quick ? 64 : 1024;
  const works: Record<string, Work> = {
    'one core': () => one.step(),
    'two cores': () => two.step(),
    matMul: () => matMulSeconds(size),
  };
  if (torch instanceof Torch) works['torch'] = () => torch.seconds({ work: 'step', threads: 2, batch, count: 1 });
  const { matMul, ...seconds } = await alternate(works, { rounds: quick ? 1 : 9 });
  if (torch instanceof Torch) torch.close();
  await two.close();

  const gflops = matMulGflops(size, Math.min(...matMul!));
  const cores = Math.min(2, availableParallelism());
  const limit = (cores * gflops * 1e9) / (PASSES * FORWARD_FLOP);
  const figure = {
    'images/s': Object.fromEntries(Object.entries(seconds).map(([name, each]) => [name, rates(batch, each)])),
    'two cores against one': significant(pairedRatio(seconds['one core']!, seconds['two cores']!)),
    'GFLOP/s of a matrix product, one core': significant(gflops),
    'limit of the machine, images/s': significant(limit),
  };
  const P3: Measured =
    typeof torch === 'string'
      ? { value: null, reason: torch }
      : {
          value: significant(pairedRatio(seconds['torch']!, seconds['two cores']!)),
          limit: significant(limit / rates(batch, seconds['torch']!).median),
          limitBecause: `${PASSES} passes of ${significant(FORWARD_FLOP / 1e6)} MFLOP an image at the speed of a matrix product, on ${cores} cores`,
          details: {
            PyTorch: torch.version,
            'one core': significant(pairedRatio(seconds['torch']!, seconds['one core']!)),
          },
        };
  return { targets: { P3 }, figures: { 'CAT-RS step, LeNet, M = 4, 4 attack steps, batch 64': figure } };
}
