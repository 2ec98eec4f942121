import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { DeterministicSplittingNoise } from '../../src/noise/deterministic-splitting-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { SplittingNoise } from '../../src/noise/splitting-noise.ts';
import { methods } from '../../src/recipes/methods.ts';
import type { MethodName, PublishedMethod } from '../../src/recipes/preset-types.ts';
import { presets } from '../../src/recipes/presets.ts';
import { expectError } from '../helpers/errors.ts';
import { linearClassifier } from '../helpers/linear.ts';

const { logits } = linearClassifier([1, -1], 0);
const noise = new GaussianNoise({ sigma: 0.25 });
const names = Object.keys(methods) as MethodName[];

/** The names that an error about an unknown option lists. */
function knownBy(make: () => unknown): string[] {
  try {
    make();
  } catch (error) {
    if (!(error instanceof OptionError) || error.field !== 'nothing') throw error;
    return [...error.message.slice(error.message.indexOf(';')).matchAll(/`(\w+)`/g)].map(([, name]) => name!).sort();
  }
  throw new Error('nothing was refused');
}

describe('methods', () => {
  it('has the seven of the field in the order of the papers, with the presets of CIFAR-10, and copies', () => {
    expect(names.map((name) => methods[name].title)).toEqual([
      ...['Gaussian', 'Stability', 'SmoothAdv', 'MACER', 'Consistency', 'SmoothMix', 'CAT-RS', 'Copies'],
    ]);
    const { copies, ...published } = methods;
    for (const [name, { preset }] of Object.entries(published)) {
      expect(preset).toBe(presets.cifar10[0.25][name as PublishedMethod]);
    }
    const { notes, ...settings } = copies.preset;
    expect(settings).toEqual({ ...published.gaussian.preset, notes: undefined });
    expect(notes).toEqual(['Nothing is published for any noise: these are the settings of Gaussian training.']);
  });

  it.each(names)('%s makes its loss of the published options, and of others', (name) => {
    const loss = methods[name].make(logits, { noise });
    expect(loss.classifier).toBe(logits);
    const { loss: published } = methods[name].preset;
    expect(() => methods[name].make(logits, { noise, loss: { ...published, numNoise: 0 } } as never)).toThrow(
      /`numNoise` must be an integer of at least/,
    );
  });

  it.each(names)('%s lists the options of its loss and its attack', (name) => {
    const { make, preset, options } = methods[name];
    // What acts on the attack of the adversarial variant of Consistency, which `make` does not give.
    const elsewhere = name === 'consistency' ? ['warmupEpochs', 'inputRange'] : [];
    const inLoss = knownBy(() => make(logits, { noise, loss: { ...preset.loss, nothing: 1 } } as never));
    const given = inLoss.filter((one) => !['noise', 'attack', ...elsewhere].includes(one));
    expect([...options.loss].sort()).toEqual(given);
    if (!('attack' in preset)) return expect(options.attack).toEqual([]);
    const inAttack = knownBy(() => make(logits, { noise, attack: { ...preset.attack, nothing: 1 } } as never));
    expect([...options.attack].sort()).toEqual(inAttack.filter((one) => one !== 'noise' && one !== 'inputRange'));
  });

  it('makes of any noise the training on its copies, and names it where a method needs an additive noise', async () => {
    const splitting = new SplittingNoise({ halfWidth: 0.5 });
    const enumerated = new DeterministicSplittingNoise({ halfWidth: 0.5, key: [0, 1] });
    for (const copied of [splitting, enumerated, noise]) {
      const loss = methods.copies.make(logits, { noise: copied, loss: { numNoise: 3 } });
      expect([loss.noise, loss.numNoise]).toEqual([copied, 3]);
    }
    for (const name of names) {
      if (name === 'copies') continue;
      await expectError(
        () => methods[name].make(logits, { noise: splitting } as never),
        OptionError,
        `methods.${name}.make: \`noise\` must be an additive noise, which "splitting" is not: train with CopiesLoss, got an object (SplittingNoise)`,
      );
    }
  });

  it('refuses an attack where the method has none, and unknown options', () => {
    expect(() => methods.macer.make(logits, { noise, attack: {} } as never)).toThrow(
      'methods.macer.make: `attack` must be left out, got an object (Object) (this method has none)',
    );
    expect(() => methods.macer.make(logits, { noise, lambda: 1 } as never)).toThrow(
      'methods.macer.make: unknown option `lambda`; known options: `noise`, `loss`, `attack`',
    );
  });
});
