// Builds the binding of @tensorflow/tfjs-node against the TensorFlow library that PyPI has, for the tests of catrs/native:
// `node test/guests/build-tfjs-node.mjs`, after `npm ci --prefix test/guests`. (Who uses catrs just runs `npm install @tensorflow/tfjs-node`,
// whose script downloads a binding that is built already.)
// Needs Linux on x64, g++ and a Python with pip; 0.3 GB are downloaded, 1 GB stays in test/guests/tensorflow.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const WHEEL = 'tensorflow-cpu==2.21.0';
/** Those of the wheel, which is the same for every Python: only its libraries and headers are used. */
const PLATFORM = ['--python-version', '3.12', '--platform', 'manylinux_2_27_x86_64'];

const guests = dirname(fileURLToPath(import.meta.url));
const modules = join(guests, 'node_modules');
const tfjsNode = join(modules, '@tensorflow/tfjs-node');
const binding = join(tfjsNode, 'lib/napi-v8/tfjs_binding.node');
const library = join(guests, 'tensorflow');

/** Runs a program, and ends this one if it fails. */
function run(program, args, options = {}) {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit', ...options });
  if (status === 0) return;
  console.error(`${program} ${args[0]}: ${error?.message ?? `ended with ${status}`}`);
  process.exit(1);
}

/** The copies of TensorFlow.js that npm brings with tfjs-node go: it shall find that of catrs, two folders up, as the other guests do. */
function removeCopies() {
  for (const name of readdirSync(join(modules, '@tensorflow'))) {
    if (name !== 'tfjs-node') rmSync(join(modules, '@tensorflow', name), { recursive: true });
  }
}

/** The headers of the Node that runs this, or of the package that has nothing else: the interface is the same in all. */
function nodeHeaders() {
  const own = join(dirname(process.execPath), '../include/node');
  return existsSync(join(own, 'node_api.h')) ? own : join(modules, 'node-api-headers/include');
}

function python() {
  const inVenv = join(guests, 'venv/bin/python');
  return existsSync(inVenv) ? inVenv : 'python3';
}

/** Unpacks the two libraries of the wheel in the folder, and the headers that the binding includes. */
const UNPACK = `
import pathlib, sys, zipfile
folder = pathlib.Path(sys.argv[1])
headers = ["tensorflow/c/", "tensorflow/core/platform/", "tsl/platform/", "xla/tsl/c/"]
wanted = ("tensorflow/libtensorflow_", *(f"tensorflow/include/{below}" for below in headers))
[wheel] = folder.glob("*.whl")
with zipfile.ZipFile(wheel) as file:
    for name in file.namelist():
        if name.startswith(wanted) and not name.endswith("/"):
            target = folder / name.removeprefix("tensorflow/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read(name))
wheel.unlink()
`;

function fetchLibrary() {
  if (existsSync(join(library, 'libtensorflow_cc.so.2')) && existsSync(join(library, 'include'))) return;
  rmSync(library, { recursive: true, force: true });
  mkdirSync(library);
  const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--dest', library];
  run(python(), [...pip, ...PLATFORM, WHEEL]);
  run(python(), ['-c', UNPACK, library]);
}

function build() {
  mkdirSync(dirname(binding), { recursive: true });
  const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'].map((name) => join(library, name));
  const headers = [nodeHeaders(), '.', join(library, 'include')].map((folder) => `-I${folder}`);
  const sources = ['binding/tfjs_backend.cc', 'binding/tfjs_binding.cc'];
  const flags = ['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8', `-Wl,-rpath,${library}`];
  run('g++', [...flags, ...headers, ...sources, ...libraries, '-o', binding], { cwd: tfjsNode });
}

if (!existsSync(tfjsNode)) {
  console.error('@tensorflow/tfjs-node is not installed (npm ci --prefix test/guests)');
  process.exit(1);
}
removeCopies();
if (!existsSync(binding)) {
  fetchLibrary();
  build();
}
