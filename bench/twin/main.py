"""Reads a line of JSON, does the work, answers with a line: `{"seconds": ...}`, or what was asked for."""
import json
import sys
import time
import traceback

import torch

import compare
import work

workers = {}


def hello():
    return {
        "version": torch.__version__,
        "config": torch.__config__.show(),
        "capability": capability(),
        "cuda": torch.cuda.is_available(),
    }


def capability():
    """The widest instructions that PyTorch uses here; old versions cannot say."""
    try:
        return torch.backends.cpu.get_cpu_capability()
    except AttributeError:
        return "unknown"


def load(name, **options):
    workers[name] = work.Worker(**options)


def timed(function, options):
    begin = time.perf_counter()
    function(**options)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return {"seconds": time.perf_counter() - begin}


def answer(request):
    kind = request.pop("work")
    if "threads" in request:
        torch.set_num_threads(request.pop("threads"))
    if kind == "hello":
        return hello()
    if kind == "load":
        return timed(load, request)
    if kind in ("join", "normals", "product"):
        return timed(getattr(work, kind), request)
    if kind.startswith("compare."):
        return getattr(compare, kind.removeprefix("compare."))(**request)
    return timed(getattr(workers[request.pop("on")], kind), request)


def main():
    torch.manual_seed(5)
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line))
        except Exception as error:
            traceback.print_exc()
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


main()
