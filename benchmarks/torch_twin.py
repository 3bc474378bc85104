"""The same SG-GAN step in eager PyTorch: what the JAX step is measured against.

The networks, losses and updates of :mod:`sggan_jax` once more, in the usual PyTorch idiom and in
PyTorch's own layout (NCHW), with the JAX weights copied in. Only what a step at the paper's
settings needs: transposed convolutions, least squares, one Adam per pair of networks; no dropout
and no history pool, which draw different random numbers in both programs.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

SOBEL = ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)), ((1, 2, 1), (0, 0, 0), (-1, -2, -1))
CENTRAL = ((0, 0, 0), (-1, 0, 1), (0, 0, 0)), ((0, 1, 0), (0, 0, 0), (0, -1, 0))


class Norm(nn.InstanceNorm2d):
    """Instance norm with scale and bias."""

    def __init__(self, channels: int):
        super().__init__(channels, eps=1e-5, affine=True)


class UNet(nn.Module):
    """The paper's generator; ``levels`` downsamplings."""

    def __init__(self, width: int, levels: int):
        super().__init__()
        widths = [width * min(2**level, 8) for level in range(levels)]
        self.down, self.up = nn.ModuleDict(), nn.ModuleDict()
        for level, (inputs, outputs) in enumerate(zip([3, *widths], widths, strict=False)):
            self.down[f"down{level}"] = nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False)
            self.down[f"down{level}_norm"] = Norm(outputs)
        inputs = widths[-1]
        for level, outputs in enumerate(reversed([3, *widths[:-1]])):
            self.up[f"up{level}"] = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False)
            if level < levels - 1:
                self.up[f"up{level}_norm"] = Norm(outputs)
            inputs = 2 * outputs
        self.levels = levels

    def forward(self, x: Tensor) -> Tensor:
        """Adapt images [B, 3, H, W]."""
        skips = []
        for level in range(self.levels):
            x = self.down[f"down{level}"](functional.leaky_relu(x, 0.2) if level else x)
            x = self.down[f"down{level}_norm"](x)
            skips.append(x)
        x = skips.pop()
        for level in range(self.levels):
            x = self.up[f"up{level}"](functional.relu(x))
            if skips:
                x = torch.cat([self.up[f"up{level}_norm"](x), skips.pop()], 1)
        return torch.tanh(x)


class ResNet(nn.Module):
    """CycleGAN's generator."""

    def __init__(self, width: int, blocks: int):
        super().__init__()
        self.layers = nn.ModuleDict()
        self._add("enter", nn.Conv2d(3, width, 7, bias=False))
        self._add("down1", nn.Conv2d(width, 2 * width, 3, 2, bias=False))
        self._add("down2", nn.Conv2d(2 * width, 4 * width, 3, 2, bias=False))
        for block in range(blocks):
            for half in "ab":
                self._add(f"block{block}_{half}", nn.Conv2d(4 * width, 4 * width, 3, bias=False))
        self._add("up1", nn.ConvTranspose2d(4 * width, 2 * width, 3, 2, bias=False))
        self._add("up0", nn.ConvTranspose2d(2 * width, width, 3, 2, bias=False))
        self.layers["leave"] = nn.Conv2d(width, 3, 7, bias=False)
        self.blocks = blocks

    def _add(self, name, layer):
        self.layers[name], self.layers[f"{name}_norm"] = layer, Norm(layer.out_channels)

    def _unit(self, x, name):
        return self.layers[f"{name}_norm"](self.layers[name](x))

    def forward(self, x: Tensor) -> Tensor:
        """Adapt images [B, 3, H, W]."""
        x = functional.relu(self._unit(mirror(x, 3), "enter"))
        for name in ("down1", "down2"):
            # JAX's SAME puts the one zero that an even side needs at its end, PyTorch's padding=1
            # at its beginning; the explicit padding and cropping take a hundredth of the step.
            x = functional.relu(self._unit(functional.pad(x, (0, 1, 0, 1)), name))
        for block in range(self.blocks):
            y = functional.relu(self._unit(mirror(x, 1), f"block{block}_a"))
            x = x + self._unit(mirror(y, 1), f"block{block}_b")
        for name in ("up1", "up0"):
            x = self.layers[name](x)[:, :, :-1, :-1]
            x = functional.relu(self.layers[f"{name}_norm"](x))
        return torch.tanh(self.layers["leave"](mirror(x, 3)))


class PatchGAN(nn.Module):
    """Semantic-aware discriminator with three downsamplings."""

    def __init__(self, width: int, class_groups: int):
        super().__init__()
        self.layers = nn.ModuleDict()
        inputs = 3
        for level in range(4):
            outputs = width * 2**level
            stride = 1 if level == 3 else 2
            self.layers[f"conv{level}"] = nn.Conv2d(inputs, outputs, 4, stride, bias=False)
            if level:
                self.layers[f"conv{level}_norm"] = Norm(outputs)
            inputs = outputs
        self.layers["scores"] = nn.Conv2d(inputs, class_groups, 4, bias=False)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Score images [B, 3, H, W] under masks [B, s, h, w]."""
        for level in range(4):
            layer = self.layers[f"conv{level}"]
            if level < 3:
                x = functional.conv2d(x, layer.weight, stride=2, padding=1)
            else:
                x = layer(functional.pad(x, (1, 2, 1, 2)))
            x = functional.leaky_relu(self.layers[f"conv{level}_norm"](x) if level else x, 0.2)
        return (self.layers["scores"](functional.pad(x, (1, 2, 1, 2))) * mask).sum(1, keepdim=True)


class Twin:
    """Four networks, two optimisers and one step."""

    def __init__(self, generator: str, width: int, levels: int, blocks: int, class_groups: int):
        def make():
            return UNet(width, levels) if generator == "unet" else ResNet(width, blocks)

        self.nets = {"g_v2r": make(), "g_r2v": make()}
        self.nets |= {name: PatchGAN(64, class_groups) for name in ("d_r", "d_v")}
        self.optimisers = {}

    def load(self, params: dict) -> None:
        """Copy JAX parameters in, by name; every number must find its place."""
        for name, net in self.nets.items():
            layers = {
                path.rsplit(".", 1)[-1]: module
                for path, module in net.named_modules()
                if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | Norm)
            }
            assert layers.keys() == params[name].keys()
            for key, layer in layers.items():
                _copy(layer, params[name][key])
        for group, names in (("g", ("g_v2r", "g_r2v")), ("d", ("d_r", "d_v"))):
            weights = [p for name in names for p in self.nets[name].parameters()]
            self.optimisers[group] = torch.optim.Adam(weights, 2e-4, (0.5, 0.999), 1e-8)

    def step(self, v: Tensor, r: Tensor, labels: list[Tensor], masks: list[Tensor]) -> dict:
        """Train once on images [1, 3, H, W]; return the unweighted terms.

        Args:
            v: virtual image in [-1, 1].
            r: real image in [-1, 1].
            labels: float class ids [1, 1, H, W] of v and of r.
            masks: one-hot [1, s, h, w] of v and of r.
        """
        nets = self.nets
        fake_r, fake_v = nets["g_v2r"](v), nets["g_r2v"](r)
        rec_v, rec_r = nets["g_r2v"](fake_r), nets["g_v2r"](fake_v)
        for name in ("d_r", "d_v"):
            nets[name].requires_grad_(False)
        terms = {
            "adv_r": (nets["d_r"](fake_r, masks[0]) - 1).square().mean(),
            "adv_v": (nets["d_v"](fake_v, masks[1]) - 1).square().mean(),
            "cyc_v": (v - rec_v).abs().mean(),
            "cyc_r": (r - rec_r).abs().mean(),
            "grad_v": gradient_loss(v, fake_r, labels[0]),
            "grad_r": gradient_loss(r, fake_v, labels[1]),
        }
        weights = {"adv": 1.0, "cyc": 10.0, "grad": 5.0}
        self._update("g", sum(weights[name[:-2]] * term for name, term in terms.items()))
        for name in ("d_r", "d_v"):
            nets[name].requires_grad_(True)

        def judge(net, real, real_mask, fake, fake_mask):
            on_real = (net(real, real_mask) - 1).square().mean()
            return 0.5 * (on_real + net(fake.detach(), fake_mask).square().mean())

        dis_r = judge(nets["d_r"], r, masks[1], fake_r, masks[0])
        dis_v = judge(nets["d_v"], v, masks[0], fake_v, masks[1])
        self._update("d", dis_r + dis_v)
        terms |= {"dis_r": dis_r, "dis_v": dis_v}
        return {name: float(term.detach()) for name, term in terms.items()}

    def _update(self, group: str, loss: Tensor) -> None:
        self.optimisers[group].zero_grad()
        loss.backward()
        self.optimisers[group].step()


def gradient_loss(x: Tensor, y: Tensor, labels: Tensor) -> Tensor:
    """Soft gradient-sensitive loss at (alpha, beta) = (1, 0), reflected borders."""
    with torch.no_grad():
        boundary = (filter_pair(labels, CENTRAL) != 0).any(1).float()
        wanted = filter_pair(x, SOBEL).abs()
    return (boundary * (wanted - filter_pair(y, SOBEL).abs()).abs().mean(1)).mean()


def filter_pair(x: Tensor, pair: tuple) -> Tensor:
    """Apply two 3x3 filters to every channel of mirrored ``x``."""
    filters = torch.tensor(pair, dtype=x.dtype, device=x.device)
    filters = filters[:, None].repeat(x.shape[1], 1, 1, 1)
    return functional.conv2d(mirror(x, 1), filters, groups=x.shape[1])


def mirror(x: Tensor, amount: int) -> Tensor:
    """Reflect all four borders."""
    return functional.pad(x, (amount,) * 4, mode="reflect")


@torch.no_grad()
def _copy(layer: nn.Module, params: dict) -> None:
    if isinstance(layer, Norm):
        layer.weight.copy_(torch.from_numpy(np.array(params["scale"])))
        layer.bias.copy_(torch.from_numpy(np.array(params["bias"])))
        return
    kernel = torch.from_numpy(np.array(params["kernel"]))  # HWIO
    if isinstance(layer, nn.ConvTranspose2d):
        # PyTorch's is the gradient of a convolution: its kernel lies the other way round.
        layer.weight.copy_(kernel.flip(0, 1).permute(2, 3, 0, 1))
    else:
        layer.weight.copy_(kernel.permute(3, 2, 0, 1))
