/** What a PyTorch says of itself, and what its products reach. */
export interface PeerFacts {
  readonly version: string;
  /** `torch.__config__.show()`. */
  readonly config: string;
  /** `torch.backends.cpu.get_cpu_capability()`. */
  readonly capability: string;
  /** 10⁹ operations a second of a square product on one thread. */
  readonly gflops: number;
}

/** The libraries of a PyTorch's products and convolutions, or why it is no fair peer. */
export type Verdict = { readonly libraries: readonly string[] } | { readonly reason: string };

/** What a tuned BLAS calls itself in the configuration, and its plain name. */
const BLAS: readonly (readonly [RegExp, string])[] = [
  [/Math Kernel Library Version ([\d.]+)/, 'MKL'],
  [/\bBLAS_INFO=mkl\b/, 'MKL'],
  [/\bBLAS_INFO=open\b|OpenBLAS/i, 'OpenBLAS'],
  [/\bBLAS_INFO=accelerate\b|vecLib/i, 'Accelerate'],
  [/\bBLAS_INFO=(?:flame|blis|aocl|arm\w*|nvpl\w*|essl|eigen)\b/i, 'a tuned BLAS'],
];
const CONVOLUTIONS = /MKL-DNN v([\d.]+)|oneDNN v([\d.]+)/;

/** The least that a tuned BLAS on one thread reaches of the product of our WebAssembly, which has narrower vectors. */
const LEAST_SHARE = 0.25;

/** Whether a PyTorch is worth a comparison: not with a reference BLAS, which is many times slower than what `pip install torch` brings. */
export function judgePeer({ version, config, gflops }: PeerFacts, gflopsOfWasm: number): Verdict {
  const blas = BLAS.flatMap(([pattern, name]) => {
    const found = pattern.exec(config);
    return found === null ? [] : [[name, found[1] ?? ''].join(' ').trim()];
  });
  const dnn = CONVOLUTIONS.exec(config);
  const no = `no fair peer: PyTorch ${version}`;
  if (blas.length === 0 && dnn === null)
    return { reason: `${no} has a reference BLAS: its configuration names neither MKL, OpenBLAS nor oneDNN` };
  if (gflops < LEAST_SHARE * gflopsOfWasm) {
    const [its, ours] = [gflops, gflopsOfWasm].map((value) => value.toPrecision(3));
    return { reason: `${no} multiplies matrices at ${its} GFLOP/s, our WebAssembly at ${ours}: its BLAS is none` };
  }
  const [first] = blas;
  return {
    libraries: [first ?? 'a BLAS without a name', ...(dnn === null ? [] : [`oneDNN ${dnn[1] ?? dnn[2]}`])],
  };
}
