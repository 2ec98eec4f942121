import { OptionError, refusal, showValue } from '../errors.ts';
import { stirlingError } from '../stats/binomial-deviance.ts';
import { ROUND_DOWN } from '../stats/rounding.ts';
import type { Norm } from '../types.ts';
import { CoordinateScales } from './coordinate-scales.ts';
import type { GaussianNoise } from './gaussian-noise.ts';
import { logProduct } from './scale-factors.ts';
import { certifiedScale, groupsOf } from './scales.ts';
import type { SoundGaussianNoise } from './sound-gaussian-noise.ts';
import type { NoiseRecord } from './types.ts';

/** What {@link gaussianRegion} needs of a certificate. */
export interface RegionCertificate {
  /** 0 where it abstains. */
  readonly radius: number;
  /** The norm of the radius. */
  readonly norm: Norm;
  /** Number of coordinates. */
  readonly dimension: number;
  /** The noise that it is of. */
  readonly noise: NoiseRecord;
}

/** The ellipsoid ‖δ/σ‖₂ < z of changes that a certificate of Gaussian noise covers, in numbers. Radii are in input units, and rounded down. */
export interface GaussianRegion {
  /** z: the radius in norm `'scaled'`, without a unit. */
  readonly scaled: number;
  /** All changes with ‖δ‖₂ below it are covered: min σ z. The least deviation alone decides it, so `scaled` says more. */
  readonly l2: number;
  /** The same for ‖δ‖∞: z (Σσᵢ⁻²)^(−1/2). */
  readonly linf: number;
  /** The same for ‖δ‖₁: min σ z. */
  readonly l1: number;
  /** How far each coordinate may change while all others stay: σᵢ z. */
  readonly axes: readonly number[];
  /** Radius of the ball with the volume of the ellipsoid, z (Πσᵢ)^(1/d): to compare methods. It is no radius: changes of that length are not all covered. */
  readonly meanRadius: number;
  /** Logarithm of the volume of the ellipsoid, in input units; −∞ where it has none. */
  readonly lnVolume: number;
}

/**
 * What a certificate of Gaussian noise covers: the ellipsoid ‖δ/σ‖₂ < z, in its radii, axes and volume.
 *
 * ln V = (d/2) ln π − ln Γ(d/2 + 1) + d ln z + Σ ln σᵢ. All are 0, and ln V is −∞, of a certificate that abstains, and but for `scaled` and `axes` where a
 * coordinate has no noise.
 *
 * @param certificate - of `noise`, in any of its norms
 * @throws OptionError if the certificate is of another noise
 * @see Eiras et al., "ANCER: Anisotropic Certification via Sample-wise Volume Maximization", TMLR 2022, for the mean radius
 * @example
 * ```ts
 * const { axes, linf } = gaussianRegion(certificate, noise);
 * ```
 */
export function gaussianRegion(
  certificate: RegionCertificate,
  noise: GaussianNoise | SoundGaussianNoise,
): GaussianRegion {
  const { radius, norm, dimension } = certificate;
  assertOfNoise(certificate.noise, noise);
  const { sigma } = noise;
  const certified = noise.name === 'gaussian' ? certifiedScale(sigma) : sigma;
  const scales = new CoordinateScales(certified, 2);
  const unit = (of: Norm): number => {
    const one = scales.oneScale({ norm: of, dimension });
    return (one.norm === 'linf' ? one.scale / Math.sqrt(dimension) : one.scale) * ROUND_DOWN;
  };
  const z = norm === 'scaled' ? radius : radius === 0 ? 0 : (radius / unit(norm)) * ROUND_DOWN ** 3;
  const list = typeof certified === 'number' ? Array.from({ length: dimension }, () => certified) : certified;
  const groups = groupsOf(list);
  const logs = logProduct(groups);
  return {
    scaled: z,
    l2: z * unit('l2'),
    linf: z * unit('linf'),
    l1: z * unit('l1'),
    axes: list.map((scale) => z * scale * ROUND_DOWN),
    meanRadius: z * Math.exp(logs / dimension) * ROUND_DOWN,
    lnVolume: logBallVolume(dimension) + dimension * Math.log(z) + logs,
  };
}

function assertOfNoise(record: NoiseRecord, { name, parameters }: NoiseRecord): void {
  const text = (of: NoiseRecord): string => JSON.stringify([of.name, of.parameters]);
  if (text(record) === text({ name, parameters })) return;
  const got = `a certificate of ${record.name} noise with ${showValue(record.parameters['sigma'])}`;
  const must = `must be of the noise that is given, ${name} with ${showValue(parameters['sigma'])}`;
  throw refusal(OptionError, { call: 'gaussianRegion', field: 'certificate', value: record, got }, must);
}

/** ln of the volume of the ball of radius 1: (d/2) ln π − ln Γ(d/2 + 1). */
function logBallVolume(dimension: number): number {
  const x = dimension / 2 + 1;
  const logGamma = (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + stirlingError(x);
  return (dimension / 2) * Math.log(Math.PI) - logGamma;
}
