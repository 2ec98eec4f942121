"""Tensors from files and from generators: what a twin computes with."""
import json
import warnings

import torch

warnings.filterwarnings("ignore", message=".*NumPy.*")
TYPES = {"F32": torch.float32, "I32": torch.int32, "I64": torch.int64, "U8": torch.uint8}


def read(path):
    """The tensors of a safetensors file by name, read without any package but torch."""
    with open(path, "rb") as file:
        content = bytearray(file.read())
    begin = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begin])
    header.pop("__metadata__", None)
    return {name: view(content, begin, entry) for name, entry in header.items()}


def view(content, begin, entry):
    first, last = entry["data_offsets"]
    kind = TYPES[entry["dtype"]]
    if first == last:
        return torch.empty(entry["shape"], dtype=kind)
    flat = torch.frombuffer(content, dtype=kind, offset=begin + first, count=(last - first) // torch.empty((), dtype=kind).element_size())
    return flat.reshape(entry["shape"]).clone()


def channels_first(images):
    """[..., height, width, channels], as the files have them, as [..., channels, height, width]."""
    return images.movedim(-1, -3).contiguous()


class Draws:
    """What a loss draws, from the generator of PyTorch."""

    def __init__(self, sigma):
        self.sigma = sigma

    def noise(self, x, copies):
        """Gaussian noise [copies, batch, channels, height, width]."""
        return torch.randn((copies, *x.shape), device=x.device) * self.sigma

    def successes(self, share, trials):
        """Binomial counts [batch]."""
        return torch.binomial(torch.full_like(share, trials), share)

    def mixing(self, x):
        """Uniform numbers [batch] between 0 and 1/2."""
        return torch.rand(len(x), device=x.device) / 2


class GivenDraws:
    """The same draws as catrs made them, from a file, so that the numbers of both can be compared."""

    def __init__(self, given):
        self.given = given

    def noise(self, x, copies):
        noise = channels_first(self.given["noise"])
        assert noise.shape == (copies, *x.shape), f"noise of {tuple(noise.shape)} for {copies} copies of {tuple(x.shape)}"
        return noise

    def successes(self, share, trials):
        uniforms = self.given["uniforms"]
        assert uniforms.shape == (len(share), trials)
        return (uniforms < share[:, None]).sum(1).to(share.dtype)

    def mixing(self, x):
        return self.given["mixing"]
