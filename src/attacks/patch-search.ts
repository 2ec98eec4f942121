import * as tf from '@tensorflow/tfjs';
import type { LogitsFn } from '../classifier/types.ts';
import { fillUniforms } from '../random/fill-bits.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import { gradientOf } from '../tensors/tape.ts';
import type { InputRange, Key } from '../types.ts';

/** How an attack sees one image. @internal */
export interface PatchView {
  readonly logits: LogitsFn;
  /** Parts of the copies of an image, each [count, ...copyShape]. */
  readonly copies: readonly ((image: tf.Tensor) => tf.Tensor)[];
  /** The class to move away from, [1]. */
  readonly label: tf.Tensor1D;
  readonly range: InputRange;
  readonly side: number;
}

/** An image, and how far it is from the label. @internal */
export type BestImage = { readonly image: tf.Tensor; readonly score: tf.Tensor };

/** An image with its score. @internal */
export const scored = (view: PatchView, image: tf.Tensor): BestImage => ({ image, score: scoreOf(view, image) });

/** The one with the larger score, the first of equal ones. @internal */
export function better(best: BestImage, other: BestImage): BestImage {
  const isBetter = tf.greater(other.score, best.score);
  const everywhere = tf.tile(tf.reshape(isBetter, [1, 1, 1]), best.image.shape);
  return {
    image: tf.where(everywhere, other.image, best.image),
    score: tf.where(isBetter, other.score, best.score),
  };
}

/** Mean of the softmax and share of the votes of all copies, [2, C]. */
function sharesOf({ logits, copies }: PatchView, image: tf.Tensor): tf.Tensor2D {
  return tf.tidy(() => {
    let [rows, sum] = [0, tensorOver([0], [], 'float32')];
    for (const part of copies) {
      const found = logits(part(image), { training: false }) as tf.Tensor2D;
      const [count, numClasses] = found.shape;
      const votes = tf.cast(tf.oneHot(tf.argMax(found, 1), numClasses), 'float32');
      sum = tf.add(sum, tf.stack([tf.sum(tf.softmax(found), 0), tf.sum(votes, 0)]));
      rows += count;
    }
    return tf.div(sum, rows);
  });
}

/** By how much another class leads: in votes, and a thousandth of that in mean softmax, which decides between equal votes. */
function scoreOf(view: PatchView, image: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const shares = sharesOf(view, image);
    const [, numClasses] = shares.shape;
    const own = tf.tile(tf.cast(tf.oneHot(view.label, numClasses), 'bool'), [2, 1]);
    const ofOwn = tf.sum(tf.where(own, shares, tf.zerosLike(shares)), 1);
    const ofOthers = tf.max(tf.where(own, tf.fill(shares.shape, -1), shares), 1);
    return tf.sum(tf.mul(tf.sub(ofOthers, ofOwn), tensorOver([1e-3, 1], [2], 'float32')));
  });
}

/** The class that is next to the label by mean softmax, as [1, C] of 0 and 1. @internal */
export function nextClass(view: PatchView, image: tf.Tensor): tf.Tensor2D {
  return tf.tidy(() => {
    const mean = tf.slice(sharesOf(view, image), 0, 1) as tf.Tensor2D;
    const [, numClasses] = mean.shape;
    const own = tf.cast(tf.oneHot(view.label, numClasses), 'bool');
    const others = tf.where(own, tf.fill(mean.shape, -1), mean);
    return tf.cast(tf.oneHot(tf.argMax(others, 1), numClasses), 'float32') as tf.Tensor2D;
  });
}

/** Gradient of Σ_i ln σ(z_i,next − z_i,label) with respect to the image. @internal */
export function ascentOf({ logits, copies, label }: PatchView, next: tf.Tensor2D, image: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    let sum: tf.Tensor = tf.zerosLike(image);
    for (const part of copies) {
      const objective = (moved: tf.Tensor): tf.Tensor => {
        const rows = logits(part(moved), { training: false }) as tf.Tensor2D;
        const direction = tf.sub(next, tf.cast(tf.oneHot(label, rows.shape[1]), 'float32'));
        return tf.neg(tf.sum(tf.softplus(tf.neg(tf.sum(tf.mul(rows, direction), 1)))));
      };
      sum = tf.add(sum, gradientOf('PatchAttack.perturb', objective, image as tf.Tensor2D));
    }
    return sum;
  });
}

/** Sum of |gradient| in the square at every place, row by row. @internal */
export function windowSums(gradient: tf.Tensor, side: number): tf.Tensor1D {
  return tf.tidy(() => {
    const [height = 1, width = 1] = gradient.shape;
    const mass = tf.reshape(tf.sum(tf.abs(gradient), 2), [1, height, width, 1]) as tf.Tensor4D;
    return tf.reshape(tf.avgPool(mass, side, 1, 'valid'), [-1]) as tf.Tensor1D;
  });
}

/** Whether a value of the image lies in the square at a place, [H, W, C]. @internal */
export function squareAt(place: tf.Tensor, image: tf.Tensor, side: number): tf.Tensor {
  return tf.tidy(() => {
    const [height = 1, width = 1] = image.shape;
    const across = tensorOver([width - side + 1], [], 'float32');
    const at = tf.cast(place, 'float32');
    const top = tf.floor(tf.div(tf.add(at, 0.5), across));
    const left = tf.sub(at, tf.mul(top, across));
    const within = (axis: number, begin: tf.Tensor): tf.Tensor => {
      const cells = tf.range(0, axis);
      return tf.logicalAnd(tf.greaterEqual(cells, begin), tf.less(cells, tf.add(begin, side)));
    };
    const rows = tf.tile(tf.reshape(within(height, top), [height, 1, 1]), [1, width, image.shape[2] ?? 1]);
    const columns = tf.tile(tf.reshape(within(width, left), [1, width, 1]), [height, 1, image.shape[2] ?? 1]);
    return tf.logicalAnd(rows, columns);
  });
}

/** Some places in the order of random numbers; all of them in a row where there are no more. @internal */
export function placesOfKey(key: Key, places: number, count: number): number[] {
  const rank = new Float32Array(places);
  fillUniforms(rank, { key, start: 0, dimension: places });
  const all = Array.from(rank.keys());
  return count === places ? all : all.sort((a, b) => rank[a]! - rank[b]! || a - b).slice(0, count);
}

/** Whole images of contents to try. @internal */
export function contentsOf(
  image: tf.Tensor,
  [low, high]: InputRange,
  { random, key }: { readonly random: number; readonly key: Key },
): tf.Tensor[] {
  const [height = 1, width = 1, channels = 1] = image.shape;
  const filled = (value: (at: number) => number): tf.Tensor =>
    tensorOver(
      Float32Array.from({ length: image.size }, (_, at) => value(at)),
      image.shape,
      'float32',
    );
  const isBlack = (at: number): boolean => {
    const pixel = Math.floor(at / channels);
    return (Math.floor(pixel / width) + (pixel % width)) % 2 === 0;
  };
  const draws = new Float32Array(random * image.size);
  fillUniforms(draws, { key, start: 0, dimension: height * width * channels });
  return [
    filled(() => low),
    filled(() => high),
    tf.clipByValue(tf.sub(low + high, image), low, high),
    filled((at) => (isBlack(at) ? low : high)),
    filled((at) => (isBlack(at) ? high : low)),
    ...Array.from({ length: random }, (_, i) =>
      tf.clipByValue(
        filled((at) => low + (high - low) * draws[i * image.size + at]!),
        low,
        high,
      ),
    ),
  ];
}
