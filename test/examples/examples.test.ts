import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { main as adaptiveRun } from '../../examples/adaptive-run.ts';
import { main as adaptiveSampling } from '../../examples/adaptive-sampling.ts';
import { main as attackSmoothedModel } from '../../examples/attack-smoothed-model.ts';
import { main as certifyOneImage } from '../../examples/certify-one-image.ts';
import { main as classifierAdapters } from '../../examples/classifier-adapters.ts';
import { main as ensembleSavings } from '../../examples/ensemble-savings.ts';
import { main as ownNoise } from '../../examples/own-noise.ts';
import { main as soundCertificate } from '../../examples/sound-certificate.ts';
import { main as switchMethod } from '../../examples/switch-method.ts';
import { main as trainingLoop } from '../../examples/training-loop.ts';

// The examples check their own claims and throw where one does not hold. Here they run as they stand, with fewer samples.
const fast = { fast: true };
const printed: string[] = [];

beforeEach(() => {
  printed.length = 0;
  vi.spyOn(console, 'log').mockImplementation((line: unknown) => void printed.push(String(line)));
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('examples', () => {
  it('certify-one-image: the radius follows from the counts and is below the distance to the plane', async () => {
    const { certificate, distance } = await certifyOneImage(fast);
    expect(certificate.abstained).toBe(false);
    expect(certificate.radius).toBeLessThanOrEqual(distance);
    expect(printed.join('\n')).toMatch(/claim: class 3 within L2 radius \d\.\d{4}/);
  });

  it('adaptive-sampling: the adaptive rules need a fraction of the samples, and no certificate is wrong', async () => {
    const rows = await adaptiveSampling(fast);
    expect(rows.map(({ sigma, radius }) => [sigma, radius])).toHaveLength(9);
    for (const { costs } of rows) {
      expect(costs['default']!.samples).toBeLessThan(costs['ladder']!.samples);
      expect(costs['default']!.samples).toBeLessThan(costs['betting']!.samples);
    }
    expect(printed.at(-1)).toMatch(/check: no wrong certificate/);
  });

  it('adaptive-run: fewer samples, and no claim against the longer run', async () => {
    const { fixed, planned } = await adaptiveRun(fast);
    expect(planned.rows.map(({ index }) => index)).toEqual(fixed.rows.map(({ index }) => index));
    expect(printed.at(-1)).toMatch(/^check: 10 of 10 digits decided/);
  });

  it('ensemble-savings: the lossless exit gives the certificates of all members, for fewer passes', async () => {
    const savings = await ensembleSavings(fast);
    expect(savings).toHaveLength(6);
    for (const rule of ['fixedRadius', 'plannedRadius']) {
      const [all, lossless, consensus] = savings.filter((each) => each.rule === rule);
      expect(all!.passesACopy).toBeGreaterThanOrEqual(5); // a few rows more are asked to look at the classifier
      expect([lossless!.copies, lossless!.certified]).toEqual([all!.copies, all!.certified]);
      // Networks of one epoch are hardly ever sure before the last member is asked.
      expect(lossless!.passes).toBeLessThanOrEqual(all!.passes);
      expect(consensus!.passesACopy).toBeLessThan(5);
    }
  });

  it('own-noise: logistic certificates stay below the true radius and come close', async () => {
    const { worstGap } = await ownNoise(fast);
    expect(worstGap).toBeLessThan(0.1);
  });

  it('switch-method: seven methods in one loop', async () => {
    const results = await switchMethod(fast);
    expect(Object.keys(results)).toHaveLength(7);
    for (const { loss, leaked } of Object.values(results))
      expect([loss.every(Number.isFinite), leaked]).toEqual([true, 0]);
    expect(printed.at(-1)).toMatch(/^claim: 7 methods trained in the same loop/);
  });

  it('sound-certificate: a neighbour refutes the plain certificate, none the sound ones', async () => {
    const { plain, sound, plane } = await soundCertificate(fast);
    expect(plain).toMatchObject({ refuted: true, certificate: { label: 1, assumptions: ['real arithmetic'] } });
    expect(sound).toMatchObject({ refuted: false, share: 1, certificate: { label: 0, domain: 'uint8' } });
    expect(plane).toMatchObject({ refuted: false, certificate: { label: 1, domain: 'uint8' } });
    expect(printed.join('\n')).toMatch(/the claim is wrong\n(.*\n)*.*the claim stands/);
  });

  it('training-loop: both objectives run in one loop and leave no tensor behind', async () => {
    const { heldOut, leaked } = await trainingLoop(fast);
    expect(leaked).toBe(0);
    expect(heldOut[1]).toBeLessThan(heldOut[0]);
    expect(heldOut[2]).toBeLessThan(heldOut[1]);
  });

  it('classifier-adapters: radii stay below the true ones, and votes are those counted by hand', async () => {
    const { ensemble, denoised, consensus, standardised } = await classifierAdapters(fast);
    for (const { radius, distance } of [ensemble, denoised]) {
      expect(radius).toBeGreaterThan(0.5);
      expect(radius).toBeLessThanOrEqual(distance);
    }
    for (const [found, recounted] of [consensus, standardised]) {
      expect(Math.abs(found[0]! - recounted[0]!)).toBeLessThanOrEqual(1);
      expect(Math.min(...found), 'votes for one class only would show little').toBeGreaterThan(10);
    }
  });

  it('attack-smoothed-model: an attack below the radius changes nothing, a large one does', async () => {
    const [below, above] = await attackSmoothedModel(fast);
    expect(below).toMatchObject({ multiple: 0.95, changed: 0 });
    expect(above?.changed).toBeGreaterThan(0);
  });
});
