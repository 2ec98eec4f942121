import type { FixtureArray, Tolerance } from '../helpers/fixtures.ts';
import { readFixture } from '../helpers/fixtures.ts';
import type { TinyCnnFixture } from '../helpers/tiny-cnn.ts';

/** The parts of catrs.json that the tests use: one CAT-RS step of the official code with all its intermediate values. */
export interface CatrsFixture {
  readonly sigma: number;
  readonly M: number;
  readonly tolerance: Readonly<Record<'logits' | 'losses' | 'gradients' | 'attack', Tolerance>>;
  readonly model: TinyCnnFixture;
  readonly inputs: FixtureArray;
  readonly labels: readonly number[];
  readonly pb: FixtureArray;
  readonly noises: FixtureArray;
  readonly logits0: FixtureArray;
  readonly cross_entropy: FixtureArray;
  readonly w: FixtureArray;
  readonly w_confidence_mask: FixtureArray;
  readonly k_vectors: readonly {
    readonly name: string;
    readonly k_raw: readonly number[];
    readonly k: readonly number[];
    readonly mask: readonly number[];
    readonly l_low: FixtureArray;
  }[];
  readonly attacks: readonly {
    readonly steps: number;
    readonly max_norm: number;
    readonly alpha: number;
    readonly noises_adv: FixtureArray;
    readonly logits_adv: FixtureArray;
    readonly kl: FixtureArray;
    readonly loss_klw: FixtureArray;
    readonly loss_klw_index: readonly number[];
  }[];
  readonly totals: readonly {
    readonly attack: number;
    readonly k_vector: string;
    readonly lbd: number;
    readonly l_low_mean: number;
    readonly loss: number;
    readonly gradients: Readonly<Record<string, FixtureArray>>;
  }[];
}

export const readCatrs = (): Promise<CatrsFixture> => readFixture<CatrsFixture>('catrs.json');
