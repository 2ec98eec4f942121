import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { main as attackSmoothedModel } from '../../examples/attack-smoothed-model.ts';
import { main as certifyOneImage } from '../../examples/certify-one-image.ts';
import { main as ownNoise } from '../../examples/own-noise.ts';
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

  it('own-noise: Laplace certificates stay below the true radius and come close', async () => {
    const { worstGap } = await ownNoise(fast);
    expect(worstGap).toBeLessThan(0.1);
  });

  it('training-loop: both objectives run in one loop and leave no tensor behind', async () => {
    const { heldOut, leaked } = await trainingLoop(fast);
    expect(leaked).toBe(0);
    expect(heldOut[1]).toBeLessThan(heldOut[0]);
    expect(heldOut[2]).toBeLessThan(heldOut[1]);
  });

  it('attack-smoothed-model: an attack below the radius changes nothing, a large one does', async () => {
    const [below, above] = await attackSmoothedModel(fast);
    expect(below).toMatchObject({ multiple: 0.95, changed: 0 });
    expect(above?.changed).toBeGreaterThan(0);
  });
});
