import { beforeAll, describe, it } from 'vitest';
import { useBackend } from '../../helpers/backends.ts';
import { checkEdits, madeCertificates } from './edited.ts';

describe('an edited certificate of a smoothed regressor', () => {
  beforeAll(() => useBackend('cpu'));

  it('is caught, whichever field it is, in many thousand ways', async () => {
    for (const certificate of Object.values(await madeCertificates())) checkEdits(certificate, 1);
  });
});
