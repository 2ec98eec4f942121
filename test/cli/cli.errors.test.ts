import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { encodeNpy } from '../../src/data/npy.ts';
import { catrs, type CliResult, useTiny } from './run.ts';
import { saveTiny } from './tiny.ts';

const { path, data, run } = useTiny();

/** The complaint of a command that must fail with this code, in one line that begins with the program, without output. */
async function complaint(args: readonly (string | number)[], code = 2): Promise<string> {
  const before = await readdir(path('.'));
  const result: CliResult = await catrs(args);
  expect(result.code).toBe(code);
  expect(result.stdout).toBe('');
  expect(await readdir(path('.')), 'files after the error').toEqual(before);
  const lines = result.stderr.trimEnd().split('\n');
  const last = lines.pop() ?? '';
  expect(lines.filter((line) => !/^(catrs: running on|0\/\d+ )/.test(line))).toEqual([]);
  expect(last).toMatch(/^catrs: /);
  return last.slice('catrs: '.length);
}

const certify = (...change: (string | number)[]): (string | number)[] => [
  'certify',
  ...run(change),
  '--out',
  path('out.tsv'),
];
const withModel = (model: string, ...change: string[]): (string | number)[] => [
  ...['certify', ...data(), '--model', model, '--backend', 'cpu', '--sigma', 0.5, '--n', 200, '--out', path('out.tsv')],
  ...change,
];

describe('bad usage', () => {
  it.each<readonly [string, readonly string[], string]>([
    ['an unknown command', ['certifi'], "unknown command 'certifi' (Did you mean certify?) (see: catrs --help)"],
    [
      'an unknown option',
      ['merge', 'a', '--out', 'b', '--size', '3', '--sede', '1'],
      "unknown option '--sede' (Did you mean --seed?) (see: catrs merge --help)",
    ],
    [
      'a missing option',
      ['certify', '--model', 'm'],
      "required option '-d, --data <path>' not specified (see: catrs certify --help)",
    ],
    ['a missing argument', ['verify'], "missing required argument 'log' (see: catrs verify --help)"],
    [
      'an unknown backend',
      ['certify', '--backend', 'gpu'],
      "option '--backend <name>' argument 'gpu' is invalid. Allowed choices are auto, tensorflow, onnxruntime, wasm, webgpu, cpu. (see: catrs certify --help)",
    ],
    [
      'a shard out of range',
      ['certify', '--shard', '4/4'],
      "option '--shard <i/m>' argument '4/4' is invalid. It must be i/m with 0 <= i < m: of 4 shards the first is 0/4 and the last 3/4. (see: catrs certify --help)",
    ],
    [
      'a shard that is none',
      ['certify', '--shard', 'half'],
      "option '--shard <i/m>' argument 'half' is invalid. It must be i/m with 0 <= i < m, for example 0/4. (see: catrs certify --help)",
    ],
    [
      'a text for a number',
      ['certify', '--sigma', 'x'],
      "option '-s, --sigma <number>' argument 'x' is invalid. It must be a number, numbers apart by commas, or a file of numbers. (see: catrs certify --help)",
    ],
    [
      'half an image',
      ['certify', '--max', '1.5'],
      "option '--max <count>' argument '1.5' is invalid. It must be a whole number of at least 1. (see: catrs certify --help)",
    ],
    [
      'a negative seed',
      ['certify', '--seed', '-1'],
      "option '--seed <number>' argument '-1' is invalid. It must be a whole number of at least 0. (see: catrs certify --help)",
    ],
    [
      'a range in descending order',
      ['certify', '--input-range', '1,0'],
      "option '--input-range <low,high>' argument '1,0' is invalid. It must be two numbers in ascending order, for example 0,1. (see: catrs certify --help)",
    ],
    [
      'no row to verify',
      ['verify', '--rows', '0'],
      "option '--rows <count>' argument '0' is invalid. It must be a whole number of at least 1, or all. (see: catrs verify --help)",
    ],
  ])('%s is one line', async (_, args, text) => {
    expect(await complaint(args)).toBe(text);
  });

  it.each<readonly [string, readonly string[], string]>([
    [
      '--noise_sd',
      ['certify', '--noise_sd', '0.5', '--data', 'd', '--model', 'm', '--sigma', '1', '--out', 'o'],
      '--sigma',
    ],
    ['--noise-sd', ['train', '--noise-sd=0.5', '--data', 'd', '--method', 'gaussian', '--out', 'o'], '--sigma'],
    ['--N', ['predict', '--N', '100', '--data', 'd', '--model', 'm', '--sigma', '1'], '--n'],
    ['--N0', ['certify', '--N0', '100', '--data', 'd', '--model', 'm', '--sigma', '1', '--out', 'o'], '--n0'],
    [
      '--batch',
      ['certify', '--batch', '9', '--data', 'd', '--model', 'm', '--sigma', '1', '--out', 'o'],
      '--batch-size',
    ],
    ['--attack', ['train', '--attack', 'pgd', '--data', 'd', '--method', 'gaussian', '--out', 'o'], '--method'],
    ['--num-steps', ['attack', '--num-steps', '9', '-d', 'd', '-m', 'm', '-s', '1', '-e', '1'], '--steps'],
    ['--num-steps', ['train', '--num-steps', '9', '-d', 'd', '--method', 'catrs', '-o', 'o'], '--attack-steps'],
    ['--Weight_Decay', ['train', '--Weight_Decay', '9', '-d', 'd', '--method', 'catrs', '-o', 'o'], '--weight-decay'],
  ])('%s of another code is told its name here', async (stranger, args, here) => {
    expect(await complaint(args)).toBe(
      `unknown option '${stranger}' (here it is ${here}) (see: catrs ${args[0]} --help)`,
    );
  });

  it('a missing option that another code calls otherwise', async () => {
    expect(await complaint(['certify', '--data', 'd', '--model', 'm', '--sigma', '1', '--outfile', 'o'])).toBe(
      "unknown option '--outfile' (here it is --out), and required option '-o, --out <file>' not specified (see: catrs certify --help)",
    );
  });

  it('no command at all prints the help, as an error', async () => {
    const { code, stdout, stderr } = await catrs([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: catrs [options] [command]');
  });
});

describe('bad settings', () => {
  it('are said in the words of the command line', async () => {
    expect(await complaint(certify('--sigma', -1))).toBe(
      '--sigma must be a number greater than 0 that float32 can hold, or a list of one for each coordinate, got -1',
    );
    expect(await complaint(certify('--n', 5))).toBe(
      '--n must be at least 10 to certify anything at alpha = 0.001, got 5 (with fewer samples even unanimous votes abstain: raise n or alpha)',
    );
    expect(await complaint(certify('--alpha', 2))).toMatch(/^--alpha must be .*, got 2$/);
    expect(await complaint(certify('--input-range', '0.5,1'))).toMatch(
      /x\.npy: must have values within --input-range 0\.5,1, got 0\.\d+ in image 0 \(floats are taken as they are: .*\)$/,
    );
  });

  it('two rules', async () => {
    expect(await complaint(certify('--radius', 0.5, '--adaptive'))).toBe(
      '--radius and --adaptive are two rules, got both (--radius proves given radii, --adaptive finds one)',
    );
  });

  it('a prior that no rule has', async () => {
    expect(await complaint(certify('--prior', 'jeffreys'))).toBe(
      '--prior must be given with --radius or --adaptive, got it alone (a fixed sample has no prior)',
    );
    expect(await complaint(certify('--radius', 0.5, '--prior', 'near-one'))).toMatch(
      /^--prior must be 'selection', 'jeffreys' or a list of .*, got "near-one"$/,
    );
    expect(await complaint(certify('--radius', 0.5, '--prior', '0.5:1:1'))).toMatch(
      /^--prior must .* sum to 1 .*, got \[/,
    );
    expect(await complaint(certify('--radius', 0.5, '--prior', '1:1'))).toMatch(/--prior.*weight:a:b/);
  });

  it('no WebGPU', async () => {
    expect(await complaint(withModel(path('model'), '--backend', 'webgpu'))).toBe(
      '--backend webgpu needs WebGPU, got a Node.js without it (take tensorflow, wasm or cpu)',
    );
  });

  it('a folder that is not there', async () => {
    const text = await complaint(['certify', ...run(), '--out', path('none/out.tsv')]);
    expect(text).toMatch(
      /^--out must be a file that can be opened, got .*none\/out\.tsv with "ENOENT: .*" \(make its folder first\)$/,
    );
  });
});

describe('bad models', () => {
  it('one for another input shape', async () => {
    await saveTiny(path('wide'), { shape: [5, 5, 1] });
    expect(await complaint(withModel(path('wide')))).toBe(
      `${path('wide')}: must take the images of the data, of shape [4, 4, 1], got a model for [5, 5, 1] (resize the images to 5 x 5)`,
    );
  });

  it('one that ends in softmax, which --output probabilities admits', async () => {
    await saveTiny(path('soft'), { softmax: true });
    expect(await complaint(withModel(path('soft')))).toBe(
      "--output must be 'probabilities' for a classifier whose rows are probabilities, got 'logits' (set --output probabilities, or remove the final softmax)",
    );
    const { code } = await catrs([
      'predict',
      ...run(['--max', 1]),
      '--model',
      path('soft'),
      '--output',
      'probabilities',
    ]);
    expect(code).toBe(0);
  });

  it('logits that are declared as probabilities', async () => {
    expect(await complaint(withModel(path('model'), '--output', 'probabilities'))).toMatch(
      /^--output must be 'logits' for /,
    );
  });

  it('a truncated weight file', async () => {
    await saveTiny(path('cut'));
    const weights = (await readdir(path('cut'))).find((name) => name.endsWith('.bin')) ?? '';
    await truncate(path(`cut/${weights}`), 20);
    const text = await complaint(withModel(path('cut')));
    expect(text.startsWith(`${path('cut')}: `)).toBe(true);
    expect(text).toContain(weights);
    expect(text).toContain('20');
  });

  it('no model, and a text that is none', async () => {
    expect(await complaint(withModel(path('nowhere')))).toContain(path('nowhere'));
    await writeFile(path('notes.json'), 'hello');
    expect(await complaint(withModel(path('notes.json')))).toContain(path('notes.json'));
  });

  it('an ONNX file without its runtime, or with a backend of TensorFlow.js', async () => {
    await writeFile(path('model.onnx'), 'x');
    const onnx = ['predict', ...data(), '--model', path('model.onnx'), '--sigma', 0.5];
    expect(await complaint([...onnx, '--backend', 'wasm'])).toBe(
      `--backend must be onnxruntime for an ONNX file, got wasm with ${path('model.onnx')} (leave it out)`,
    );
    // Where the runtime is installed, the file is what is wrong.
    expect(await complaint(onnx)).toMatch(
      /\(npm install onnxruntime-node\)$|must be an ONNX model that onnxruntime can load/,
    );
  });
});

describe('logs that are there', () => {
  it('are neither replaced nor gone on with by other settings', async () => {
    const log = path('log.tsv');
    await catrs(['certify', ...run(['--max', 3]), '--out', log]);
    const before = await readFile(log, 'utf8');
    const again = (...change: (string | number)[]): (string | number)[] => [
      'certify',
      ...run(['--max', 3, ...change]),
      '--out',
      log,
    ];
    expect(await complaint(again())).toBe(
      `--out must be a new file, got ${log}, which exists (add --resume to go on with it)`,
    );
    expect(await complaint(again('--resume', '--sigma', 0.25))).toMatch(
      /^--noise must be the same for all rows of a log, got .*"sigma":0\.25/,
    );
    expect(await complaint(again('--resume', '--n', 300))).toMatch(
      /^--n must be the same for all rows of a log, got 300 where /,
    );
    expect(await complaint(again('--resume', '--seed', 1))).toMatch(
      /^--seed must be the same for all rows of a log, got \[0,1\] where /,
    );
    expect(await complaint(again('--resume', '--skip', 2))).toMatch(/^--out must go on with image 2, got image 1 in /);
    expect(await readFile(log, 'utf8')).toBe(before);
  });

  it('of another model are refused unless --no-recheck says so', async () => {
    const log = path('other.tsv');
    await catrs(['certify', ...run(['--start', 10, '--max', 4]), '--out', log]);
    const before = await readFile(log, 'utf8');
    const flipped = encodeNpy({ dtype: 'float32', shape: [24, 4, 4, 1], data: new Float32Array(384).fill(0.45) });
    await writeFile(path('flipped.npy'), flipped);
    const again = [
      'certify',
      ...run(['--start', 10, '--max', 4]),
      '--data',
      path('flipped.npy'),
      '--out',
      log,
      '--resume',
    ];
    expect(await complaint(again)).toMatch(
      /now comes out differently \(take another file; to go on all the same set --no-recheck\)$/,
    );
    expect(await readFile(log, 'utf8')).toBe(before);
    expect((await catrs([...again, '--no-recheck'])).code).toBe(0);
  });
});

describe('--debug', () => {
  it('adds the stack of an error', async () => {
    const { stderr } = await catrs([...certify('--sigma', -1), '--debug']);
    expect(stderr).toMatch(/\n {4}at .*\.ts/);
  });
});
