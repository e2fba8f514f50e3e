"""A Qwen2 model out of a GGUF file, with an adapter to train, in PyTorch.

Owns the forward pass of training. Weights are those of the file, dequantized to 16 bits, so the adapter
learns what the product's quantized model lacks. Questions to one database are computed together: the
schema's part of the prompt once, each question behind it as a branch that sees it and itself
(`hidden`), which is a tenth of the work of computing every prompt whole. Names of tensors are llama.cpp's.
"""

import functools
import math

import numpy as np
import torch
import torch.nn.functional as F
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, dequantize, quants
from torch.utils.checkpoint import checkpoint, create_selective_checkpoint_contexts

# The matrices of a layer, with what they read and what they write.
PARTS = {
    "attn_q": ("width", "query"), "attn_k": ("width", "kv"), "attn_v": ("width", "kv"),
    "attn_output": ("query", "width"),
    "ffn_gate": ("width", "ffn"), "ffn_up": ("width", "ffn"), "ffn_down": ("ffn", "width"),
}
# What of a layer is kept for its gradient: products of matrices, a few hundred megabytes a layer.
# The rest is computed again: kept as well, it is gigabytes.
KEPT = [torch.ops.aten.mm.default, torch.ops.aten.addmm.default]
# Rows of logits computed at a time: 151,936 floats each.
LOGIT_ROWS = 256


class Adapter(torch.nn.Module):
    """What is added to a matrix's product: `up(down(x)) * alpha / rank` (Hu et al. 2021)."""

    def __init__(self, rank, alpha, inputs, outputs, random):
        super().__init__()
        bound = 1 / math.sqrt(inputs)
        self.down = torch.nn.Parameter(torch.empty(rank, inputs).uniform_(-bound, bound, generator=random))
        self.up = torch.nn.Parameter(torch.zeros(outputs, rank))
        self.scale = alpha / rank

    def forward(self, x, product):
        inner = F.linear(x, (self.down * self.scale).to(x.dtype))
        return torch.addmm(product, inner, self.up.to(x.dtype).t())


class Loss(torch.autograd.Function):
    """Mean cross entropy of `hidden @ weights.T`, and the share of likeliest tokens that are right.

    The gradient is computed along with it, some rows at a time: all logits together would need
    gigabytes.
    """

    @staticmethod
    def forward(ctx, hidden, weights, wanted):
        gradient, total, right = torch.empty_like(hidden), 0.0, 0
        for begin in range(0, len(wanted), LOGIT_ROWS):
            rows = slice(begin, begin + LOGIT_ROWS)
            tokens = wanted[rows]
            each = torch.arange(len(tokens))
            logits = F.linear(hidden[rows], weights).float()
            right += (logits.argmax(-1) == tokens).sum().item()
            sums = logits.logsumexp(-1)
            total += (sums - logits[each, tokens]).sum().item()
            shares = logits.sub_(sums[:, None]).exp_()
            shares[each, tokens] -= 1
            gradient[rows] = (shares / len(wanted)).to(hidden.dtype) @ weights
        ctx.save_for_backward(gradient)
        return torch.tensor(total / len(wanted)), torch.tensor(right / len(wanted))

    @staticmethod
    def backward(ctx, factor, _):
        return ctx.saved_tensors[0] * factor.to(torch.bfloat16), None, None


class Model(torch.nn.Module):
    """The model of a file, frozen, and an adapter of some rank beside every matrix of its layers."""

    def __init__(self, path, rank, alpha, seed=0):
        super().__init__()
        reader = GGUFReader(path)
        self.architecture = reader.fields["general.architecture"].contents()
        if self.architecture != "qwen2":
            raise ValueError(f"{path}: {self.architecture}, not qwen2")
        number = lambda name: reader.fields[f"{self.architecture}.{name}"].contents()  # noqa: E731
        self.blocks, self.heads = number("block_count"), number("attention.head_count")
        self.kv_heads, self.width = number("attention.head_count_kv"), number("embedding_length")
        self.epsilon = number("attention.layer_norm_rms_epsilon")
        self.dim = self.width // self.heads
        self.frequencies = number("rope.freq_base") ** (-torch.arange(0, self.dim, 2).float() / self.dim)
        self.weights = {}
        for tensor in reader.tensors:
            values = torch.from_numpy(np.array(dequantize(tensor.data, tensor.tensor_type), dtype=np.float32))
            self.weights[tensor.name] = values.to(torch.bfloat16) if values.dim() == 2 else values
        sizes = {"width": self.width, "query": self.heads * self.dim, "kv": self.kv_heads * self.dim,
                 "ffn": number("feed_forward_length")}
        random = torch.Generator().manual_seed(seed)
        self.rank, self.alpha = rank, alpha
        self.adapters = torch.nn.ModuleDict({
            f"{block}_{part}": Adapter(rank, alpha, sizes[reads], sizes[writes], random)
            for block in range(self.blocks) for part, (reads, writes) in PARTS.items()
        })

    def linear(self, block, part, x):
        """A matrix's product, `[tokens][inputs]` to `[tokens][outputs]`."""
        bias = self.weights.get(f"blk.{block}.{part}.bias")
        product = F.linear(x, self.weights[f"blk.{block}.{part}.weight"], None if bias is None else bias.to(x.dtype))
        return self.adapters[f"{block}_{part}"](x, product)

    def norm(self, x, name):
        scale = torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon)
        return (x * scale * self.weights[f"{name}.weight"]).to(torch.bfloat16)

    def turn(self, rows, angles):
        """Rotary positions of `[tokens][heads][dim]`."""
        first, second = rows.float().split(self.dim // 2, -1)
        cos, sin = angles.cos()[:, None], angles.sin()[:, None]
        return torch.cat([first * cos - second * sin, second * cos + first * sin], -1).to(torch.bfloat16)

    def hidden(self, prefix, branches):
        """The stream behind the last layer, `[tokens][width]`: the prefix, then branch after branch."""
        lengths = [len(branch) for branch in branches]
        tokens = torch.tensor(prefix + [token for branch in branches for token in branch])
        positions = torch.cat([torch.arange(len(prefix))] + [len(prefix) + torch.arange(n) for n in lengths])
        angles = positions[:, None].float() * self.frequencies
        attend = Attention(self, len(prefix), lengths)
        x = self.weights["token_embd.weight"][tokens].float()
        keep = functools.partial(create_selective_checkpoint_contexts, KEPT)
        for block in range(self.blocks):
            x = checkpoint(self.layer, block, x, attend, angles, use_reentrant=False, context_fn=keep)
        return x

    def layer(self, block, x, attend, angles):
        """The stream behind a layer."""
        h = self.norm(x, f"blk.{block}.attn_norm")
        query = self.turn(self.linear(block, "attn_q", h).view(-1, self.heads, self.dim), angles)
        key = self.turn(self.linear(block, "attn_k", h).view(-1, self.kv_heads, self.dim), angles)
        value = self.linear(block, "attn_v", h).view(-1, self.kv_heads, self.dim)
        x = x + self.linear(block, "attn_output", attend(query, key, value)).float()
        h = self.norm(x, f"blk.{block}.ffn_norm")
        inner = F.silu(self.linear(block, "ffn_gate", h)) * self.linear(block, "ffn_up", h)
        return x + self.linear(block, "ffn_down", inner).float()

    def loss(self, prefix, pairs):
        """Mean loss of the answers' tokens, the share of them that are likeliest, and how many they are.

        pairs are `(question, answer)`, tokens each.
        """
        x = self.hidden(prefix, [question + answer for question, answer in pairs])
        at, wanted, begin = [], [], len(prefix)
        for question, answer in pairs:
            first = begin + len(question) - 1
            at += range(first, first + len(answer))
            wanted += answer
            begin += len(question) + len(answer)
        h = self.norm(x[torch.tensor(at)], "output_norm")
        unembedding = self.weights.get("output.weight", self.weights["token_embd.weight"])
        loss, right = Loss.apply(h, unembedding, torch.tensor(wanted))
        return loss, right.item(), len(wanted)

    def begin_with(self, path):
        """Takes the adapter of a file of `save`, to train it further.

        ValueError if it has other parts than this model or is of another rank or scale.
        """
        reader = GGUFReader(path)
        alpha = reader.fields["adapter.lora.alpha"].contents()
        tensors = {tensor.name: dequantize(tensor.data, tensor.tensor_type) for tensor in reader.tensors}
        for name, adapter in self.adapters.items():
            block, part = name.split("_", 1)
            for half, own in (("lora_a", adapter.down), ("lora_b", adapter.up)):
                matrix = f"blk.{block}.{part}.weight.{half}"
                shape = tensors[matrix].shape if matrix in tensors else "missing"
                if shape != tuple(own.shape) or alpha != self.alpha:
                    raise ValueError(f"{path}: {matrix} is {shape}, alpha {alpha}; here {tuple(own.shape)}, {self.alpha}")
                own.data.copy_(torch.from_numpy(np.array(tensors[matrix], dtype=np.float32)))

    def save(self, path, name, licence=None):
        """Writes the adapter as a GGUF file, as llama.cpp reads them."""
        writer = GGUFWriter(path, self.architecture)
        writer.add_type("adapter")
        writer.add_name(name)
        if licence:
            writer.add_license(licence)
        writer.add_string("adapter.type", "lora")
        writer.add_float32("adapter.lora.alpha", float(self.alpha))
        for block in range(self.blocks):
            for part in PARTS:
                adapter = self.adapters[f"{block}_{part}"]
                down, up = adapter.down.detach().numpy(), adapter.up.detach().numpy()
                of_bytes = GGMLQuantizationType.Q8_0
                matrix = f"blk.{block}.{part}.weight"
                writer.add_tensor(f"{matrix}.lora_a", quants.quantize(down, of_bytes), raw_dtype=of_bytes)
                writer.add_tensor(f"{matrix}.lora_b", up.astype(np.float16))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


class Attention:
    """Attention of a prefix to itself, and of branches to it and each to itself.

    Branches are padded to one length for what they see of themselves, and not for the rest.
    """

    def __init__(self, model, prefix, lengths):
        self.prefix, self.count, self.longest = prefix, len(lengths), max(lengths)
        self.heads, self.kv, self.dim = model.heads, model.kv_heads, model.dim
        begins = np.cumsum([prefix, *lengths[:-1]])
        each = range(self.longest)
        self.rows = torch.tensor([[begin + min(at, n - 1) for at in each] for begin, n in zip(begins, lengths)])
        self.real = torch.tensor([k * self.longest + at for k, n in enumerate(lengths) for at in range(n)])
        self.later = self.hides(self.longest)
        self.later_in_prefix = self.hides(prefix)

    @staticmethod
    def hides(size):
        return torch.full((size, size), float("-inf"), dtype=torch.bfloat16).triu(1)[:, None]

    def by_kv(self, rows):
        """`[tokens][heads][dim]` to `[kv heads][tokens * heads of each][dim]`."""
        rows = rows.reshape(-1, self.kv, self.heads // self.kv, self.dim).transpose(0, 1)
        return rows.reshape(self.kv, -1, self.dim)

    def by_token(self, rows):
        rows = rows.reshape(self.kv, -1, self.heads // self.kv, self.dim).transpose(0, 1)
        return rows.reshape(-1, self.heads * self.dim)

    def __call__(self, query, key, value):
        """`[tokens][heads][dim]` each, to `[tokens][heads * dim]`."""
        p, n, longest, each = self.prefix, self.count, self.longest, self.heads // self.kv
        query = query * self.dim ** -0.5
        keys, values = key[:p].transpose(0, 1), value[:p].transpose(0, 1)
        scores = (self.by_kv(query[:p]) @ keys.transpose(1, 2)).view(self.kv, p, each, p)
        shares = (scores + self.later_in_prefix).softmax(-1)
        first = self.by_token(shares.view(self.kv, p * each, p) @ values)

        own = query[self.rows].view(n, longest, self.kv, each, self.dim).permute(0, 2, 1, 3, 4)
        own = own.reshape(n, self.kv, longest * each, self.dim)
        own_keys, own_values = key[self.rows].transpose(1, 2), value[self.rows].transpose(1, 2)
        scores = (own @ own_keys.transpose(2, 3)).view(n, self.kv, longest, each, longest) + self.later
        scores = scores.permute(1, 0, 2, 3, 4).reshape(self.kv, n * longest, each, longest)[:, self.real]
        to_prefix = (self.by_kv(query[p:]) @ keys.transpose(1, 2)).view(self.kv, -1, each, p)
        shares = torch.cat([to_prefix, scores], -1).softmax(-1)
        of_prefix = self.by_token(shares[..., :p].reshape(self.kv, -1, p) @ values)
        padded = shares.new_zeros(self.kv, n * longest, each, longest).index_copy(1, self.real, shares[..., p:])
        of_own = padded.view(self.kv, n, longest * each, longest).transpose(0, 1) @ own_values
        of_own = of_own.view(n, self.kv, longest, each, self.dim).transpose(1, 2)
        return torch.cat([first, of_prefix + of_own.reshape(n * longest, -1)[self.real]])
