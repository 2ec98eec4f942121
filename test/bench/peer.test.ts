import { describe, expect, it } from 'vitest';
import { cleanEnvironment } from '../../bench/peer/environment.ts';
import { judgePeer } from '../../bench/peer/fairness.ts';
import { choosePackage, type PipReport } from '../../bench/peer/setup.ts';

const PIP = `PyTorch built with:
  - Intel(R) oneAPI Math Kernel Library Version 2024.2-Product Build 20240605 for Intel(R) 64 architecture applications
  - Intel(R) MKL-DNN v3.12.0 (Git Hash 80afa71)
  - Build settings: BLAS_INFO=mkl, BUILD_TYPE=Release, USE_MKL=ON, USE_MKLDNN=ON`;
const ARM = 'Build settings: BLAS_INFO=open, USE_MKLDNN=ON';
const REFERENCE = 'Build settings: BLAS_INFO=generic, USE_MKL=OFF, USE_MKLDNN=OFF';
const facts = { version: '2.13.0+cpu', config: PIP, capability: 'AVX512', gflops: 110 };

describe('a fair peer', () => {
  it('names its libraries', () => {
    expect(judgePeer(facts, 46)).toEqual({ libraries: ['MKL 2024.2', 'oneDNN 3.12.0'] });
    expect(judgePeer({ ...facts, config: ARM }, 46)).toEqual({ libraries: ['OpenBLAS'] });
    expect(judgePeer({ ...facts, config: 'BLAS_INFO=accelerate' }, 46)).toEqual({ libraries: ['Accelerate'] });
  });

  it('is none with a reference BLAS, by what it says or by how slow it is', () => {
    const said = judgePeer({ ...facts, version: '1.13.0a0', config: REFERENCE }, 46);
    expect(said).toEqual({
      reason: expect.stringMatching(/^no fair peer: PyTorch 1\.13\.0a0 has a reference BLAS/) as string,
    });
    const slow = judgePeer({ ...facts, gflops: 4 }, 46);
    expect(slow).toEqual({
      reason: expect.stringMatching(/^no fair peer: .* at 4\.00 GFLOP\/s, our WebAssembly at 46\.0/) as string,
    });
    expect(judgePeer({ ...facts, gflops: 23 }, 46)).toHaveProperty('libraries');
  });
});

it('no process sees what tunes a BLAS for another processor', () => {
  const given = { PATH: '/bin', OPENBLAS_CORETYPE: 'Haswell', OPENBLAS_L2_SIZE: '1', openblas_coretype: 'x' };
  expect(cleanEnvironment(given, { TF_NUM_INTRAOP_THREADS: '1' })).toEqual({
    PATH: '/bin',
    TF_NUM_INTRAOP_THREADS: '1',
  });
});

describe('the PyTorch that --setup installs', () => {
  const report = (...packages: string[]): PipReport => ({
    install: packages.map((each) => {
      const [name = '', version = ''] = each.split(' ');
      return { metadata: { name, version } };
    }),
  });

  it('is the CPU build, or one without libraries for GPUs', () => {
    expect(choosePackage(report('torch 2.13.0+cpu'), undefined)).toEqual({ requirement: 'torch==2.13.0+cpu' });
    const mac = report('torch 2.13.0', 'sympy 1.14.0');
    expect(choosePackage(undefined, mac)).toEqual({ requirement: 'torch==2.13.0' });
  });

  it('is refused where it would bring gigabytes, or is not there', () => {
    const linux = report('torch 2.13.0', 'nvidia-cublas-cu12 12.8.4', 'triton 3.6.0');
    for (const [given, text] of [
      [linux, /for GPUs \(2\.13\.0, which brings nvidia-cublas-cu12, triton\): several gigabytes .*--index-url URL/],
      [report('torch 2.13.0+cu130'), /for GPUs \(2\.13\.0\+cu130\)/],
      [undefined, /pip finds no torch 2\.13\.0 \(name an index/],
    ] as const) {
      expect(choosePackage(undefined, given)).toEqual({ reason: expect.stringMatching(text) as string });
    }
  });
});
