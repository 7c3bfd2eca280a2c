"""Retrain a SqueezeNet so that its weights cost few bytes, by distillation from itself.

    python -m squeeze_core.compression.train --data FOLDER --out FOLDER (--minutes M | --steps N) …

FOLDER holds pictures, in any sub-folders; no label is used. `imagenet_sample/`, where there is one,
is drawn more often, and 300 of its pictures (those whose file names' sha256 comes first) are kept out for
choosing. The loss is the Kullback-Leibler divergence from the full network's answers and the
difference of the Fire modules' outputs, plus λ times the bits that the coder will need; λ follows the
wanted size. Weights are rounded in the forward pass, with the gradient passed straight through;
each layer learns its step.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from squeeze_core.compression.augment import Augmentation, decode_all, kept_for_choosing
from squeeze_core.compression.rate import Rate
from squeeze_core.compression.sensitivity import curvature
from squeeze_core.compression.stages import fine
from squeeze_core.errors import UserError
from squeeze_core.images import read
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.engine import computes_bfloat16
from squeeze_core.networks.own import metadata_of, open_own_file
from squeeze_core.networks.weights import sqz
from squeeze_core.networks.weights.reading import read_file

PICTURES = (".jpg", ".jpeg", ".png", ".webp")
REFRESH = 16  # steps between two counts of the levels
CHECKPOINT = 32 * REFRESH  # steps between two checkpoints, of a run that is bound by steps


def options_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m squeeze_core.compression.train", description=__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, action="append")
    add("--out", type=Path, required=True)
    add("--weights", type=Path, help="a SqueezeNet of your own, instead of the shipped 1.1")
    add("--begin", type=Path, help="a .sqz file of that network to begin with, its levels and steps")
    add("--minutes", type=float, help="wall-clock limit of the whole command")
    add("--steps", type=int)
    add("--stop-at", type=int, help="end at this step of --steps (to go on later)")
    add("--batch", type=int, default=64)
    add("--side", type=int, help="of the training pictures, pixels; a smaller one is quicker")
    add("--kilobytes", type=float, nargs="+", default=[400], help="of weights at each point")
    add("--shares", type=float, nargs="+", default=[1.0], help="of the time for each")
    add("--start", type=float, default=480, help="kilobytes at the first step, without --begin")
    add("--measure", type=int, default=100, help="steps between two measurements, each of which saves")
    add("--lr", type=float, default=0.002, help="peak, in quantisation steps a step")
    add("--step-lr", type=float, default=2e-4, help="peak, of the logarithm of the quantisation steps")
    add("--temperature", type=float, default=2.0)
    add("--features", type=float, default=0.5)
    add("--dead-zone", type=float, default=0.1)
    add("--imagenet", type=float, default=0.2, help="share of imagenet_sample in a batch")
    add("--mix", type=float, default=0.25)
    add("--limit", type=int, help="use that many pictures only")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--seed", type=int, default=0)
    return parser


class Named(nn.Module):
    """A SqueezeNet that answers with its Fire outputs too."""

    def __init__(self, network: SqueezeNet) -> None:
        super().__init__()
        self.network = network
        self.compared = frozenset(network.fire_names[1::2])  # every second is enough, and quicker

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        fires = []
        for name, layer in zip(self.network.layer_names, self.network.features, strict=True):
            x = layer(x)
            if name in self.compared:
                fires.append(x)
        # Averaged as float32: answers of 20 and more would lose a tenth in bfloat16.
        return self.network.classifier[:-1](x).float().mean((2, 3)), fires


class Quantised:
    """The trained numbers, flat: latent weights, log steps by layer, biases."""

    def __init__(self, network: SqueezeNet, device: torch.device, dead_zone: float) -> None:
        self.names = [n for n, p in network.named_parameters() if p.ndim == 4]
        self.bias_names = [n for n, p in network.named_parameters() if p.ndim == 1]
        state = network.state_dict()
        self.order = tuple(state)
        self.shapes = [tuple(state[n].shape) for n in self.names]
        self.sizes = [state[n].numel() for n in self.names]
        self.bias_sizes = [state[n].numel() for n in self.bias_names]
        self.weight = torch.cat([state[n].flatten() for n in self.names]).float().to(device)
        self.bias = torch.cat([state[n] for n in self.bias_names]).float().to(device)
        self.layer = torch.repeat_interleave(torch.arange(len(self.sizes)), torch.tensor(self.sizes)).to(
            device
        )
        self.log_step = torch.zeros(len(self.sizes), device=device)
        scale = torch.tensor([state[n].std() for n in self.bias_names])
        self.bias_scale = torch.repeat_interleave(scale, torch.tensor(self.bias_sizes)).to(device)
        self.dead_zone = dead_zone

    def trained(self) -> tuple[Tensor, Tensor, Tensor]:
        return self.weight, self.log_step, self.bias

    def levels(self, positions: Tensor) -> Tensor:
        return positions.sign() * (positions.abs() + 0.5 - self.dead_zone).floor()

    @torch.no_grad()
    def packed(self) -> dict[str, sqz.Packed]:
        """As a .sqz file stores them, in the order of the state dict."""
        steps = self.log_step.exp()
        levels = self.levels(self.weight / steps[self.layer]).int().cpu()
        stored: dict[str, sqz.Packed] = {}
        for name, part, shape, step in zip(
            self.names, levels.split(self.sizes), self.shapes, steps.cpu(), strict=True
        ):
            stored[name] = sqz.of_steps(part.view(shape).numpy(), step.view(1).numpy(), "range")
        for name, part in zip(self.bias_names, self.bias.cpu().split(self.bias_sizes), strict=True):
            stored[name] = fine(sqz.Packed(part.numpy()))
        return {name: stored[name] for name in self.order}

    def build(self) -> tuple[dict[str, Tensor], Tensor]:
        """Named parameters for a forward pass, and the weights' positions in steps."""
        step = self.log_step.exp()[self.layer]
        positions = self.weight / step
        rounded = positions + (self.levels(positions.detach()) - positions).detach()
        return self._named(rounded * step), positions

    def _named(self, flat: Tensor) -> dict[str, Tensor]:
        named = {
            f"network.{n}": part.view(shape)
            for n, part, shape in zip(self.names, flat.split(self.sizes), self.shapes, strict=True)
        }
        named |= {
            f"network.{n}": part
            for n, part in zip(self.bias_names, self.bias.split(self.bias_sizes), strict=True)
        }
        return named


class Adam:
    """Adam over a few flat tensors, each element with its own rate."""

    def __init__(self, parameters: tuple[Tensor, ...], betas: tuple[float, float] = (0.9, 0.98)) -> None:
        self.parameters, self.betas, self.count = parameters, betas, 0
        self.first = [torch.zeros_like(p) for p in parameters]
        self.second = [torch.zeros_like(p) for p in parameters]

    @torch.no_grad()
    def step(self, gradients: tuple[Tensor, ...], rates: tuple[Any, ...]) -> None:
        self.count += 1
        a, b = self.betas
        for p, g, m, v, rate in zip(
            self.parameters, gradients, self.first, self.second, rates, strict=True
        ):
            m.lerp_(g, 1 - a)
            v.mul_(b).addcmul_(g, g, value=1 - b)
            update = (m / (1 - a**self.count)) / ((v / (1 - b**self.count)).sqrt() + 1e-12)
            p.sub_(update.clamp_(-3, 3) * rate)


def find_pictures(folders: list[Path]) -> list[Path]:
    found = [p for folder in folders for p in sorted(folder.rglob("*")) if p.suffix.lower() in PICTURES]
    return [p for p in found if p.parts[-2:-1] != ("val",)]  # voc/val is not for training


class Training:
    def __init__(self, options: argparse.Namespace, begun: float) -> None:
        self.options, self.begun = options, begun
        pictures, sample = self._decode_pictures()
        self.device = torch.device(options.device)
        self.cuda = self.device.type == "cuda"
        if self.cuda:
            torch.backends.cudnn.benchmark = True
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        torch.manual_seed(options.seed)
        self.generator = torch.Generator(self.device).manual_seed(options.seed)
        self.record = open_own_file(options.weights) if options.weights else DEFAULT
        self.side = options.side or self.record.preprocess.size
        loaded = self._load()
        self._take_pictures(pictures, sample)
        self.quantised = Quantised(loaded, self.device, options.dead_zone)
        self.student = self._place(Named(loaded))
        self.teacher = self._place(Named(self._load()))
        see = self.record.preprocess
        self.mean = torch.tensor(see.mean, device=self.device).view(1, 3, 1, 1)
        self.std = torch.tensor(see.std, device=self.device).view(1, 3, 1, 1)
        self.augment = Augmentation(mixup=options.mix, cutmix=options.mix)
        self.rate = Rate(self.quantised.shapes, self.device)
        self.log_lambda = torch.tensor(math.log(1.5e-3), device=self.device)
        self.urge = torch.zeros_like(self.log_lambda)
        self.step, self.point = 0, 0
        with torch.no_grad():
            self.fp32 = self._answers(self.teacher, {})
        self.write(fp32=self.measure(self.fp32))
        self.checkpoint = options.out / "checkpoint.pt"
        names = ("steps", "batch", "side", "kilobytes", "shares", "start", "seed", "temperature")
        self.fixed = {name: getattr(options, name) for name in names}
        if options.begin:
            self._begin_with(options.begin)
        else:
            self._first_steps()
        for p in self.quantised.trained():
            p.requires_grad_(True)
        self.adam = Adam(self.quantised.trained())
        if self.checkpoint.exists():
            self.resume()

    def _load(self) -> SqueezeNet:
        loaded = self.record.load()
        assert isinstance(loaded, SqueezeNet)
        return loaded

    def _place(self, network: nn.Module) -> nn.Module:
        network = network.to(self.device).eval().requires_grad_(False)
        return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def _decode_pictures(self) -> tuple[Tensor, list[Path]]:
        """Every training picture, those of imagenet_sample first; and imagenet_sample's paths."""
        paths = find_pictures(self.options.data)
        sample = [p for p in paths if p.parent.name == "imagenet_sample"]
        self.kept = kept_for_choosing([p.name for p in sample])
        train_sample = [p for p in sample if p.name not in self.kept]
        others = [p for p in paths if p.parent.name != "imagenet_sample"]
        if not sample or not train_sample + others:
            raise UserError("--data has no pictures to train on, or no imagenet_sample/ to choose by.")
        if self.options.limit:
            others = others[:: max(1, len(others) // self.options.limit)]
        self.in_sample = len(train_sample)
        return decode_all(train_sample + others), sample

    def _take_pictures(self, pictures: Tensor, sample: list[Path]) -> None:
        self.pictures = pictures.to(self.device)
        # The choosing pictures are prepared exactly as the network's users prepare theirs.
        held = [p for p in sample if p.name in self.kept]
        labels_file = sample[0].parent / "labels.json"
        labels = json.loads(labels_file.read_text()) if labels_file.is_file() else {}
        prepare = self.record.preprocess
        self.held = torch.cat([prepare([read(p).image]) for p in held])
        self.held_labels = torch.tensor([labels.get(p.name, 0) for p in held], device=self.device)
        self.write(
            pictures=len(self.pictures),
            from_imagenet_sample=self.in_sample,
            kept=len(held),
            seconds=round(time.monotonic() - self.begun, 1),
        )

    def write(self, **row: Any) -> None:
        self.options.out.mkdir(parents=True, exist_ok=True)
        with (self.options.out / "log.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(json.dumps(row), file=sys.stderr, flush=True)

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=computes_bfloat16(self.device))

    @torch.no_grad()
    def _answers(self, network: nn.Module, named: dict[str, Tensor]) -> Tensor:
        """float32 logits on the kept pictures, in full precision."""
        torch.backends.cudnn.allow_tf32 = False
        out = []
        for part in self.held.split(100):
            x = part.to(self.device)
            out.append(torch.func.functional_call(network, named, (x,))[0])
        torch.backends.cudnn.allow_tf32 = True
        return torch.cat(out)

    def measure(self, logits: Tensor) -> dict[str, float]:
        five = logits.topk(5).indices
        truth = self.held_labels[:, None]
        p = self.fp32.log_softmax(1)
        return {
            "top1": round((five[:, :1] == truth).any(1).float().mean().item() * 100, 2),
            "top5": round((five == truth).any(1).float().mean().item() * 100, 2),
            "cross_entropy": round(F.cross_entropy(logits, self.held_labels).item(), 4),
            "divergence": round((p.exp() * (p - logits.log_softmax(1))).sum(1).mean().item(), 4),
            "agreement": round((five[:, 0] == self.fp32.argmax(1)).float().mean().item() * 100, 2),
        }

    def batch(self, n: int) -> Tensor:
        draw = torch.rand(n, device=self.device, generator=self.generator)
        both = torch.randint(len(self.pictures), (n,), device=self.device, generator=self.generator)
        index = torch.where(draw < self.options.imagenet, both % max(1, self.in_sample), both)
        x = self.augment(self.pictures[index], self.side, self.generator)
        return ((x - self.mean) / self.std).contiguous(memory_format=torch.channels_last)

    @torch.no_grad()
    def _first_steps(self) -> None:
        """Steps that cost equal accuracy a bit: inversely as the root of the layer's curvature."""
        q = self.quantised
        found = curvature(self.teacher.network, self.batch(self.options.batch))  # type: ignore[arg-type]
        base = torch.tensor([-0.5 * math.log(found[name]) for name in q.names], device=self.device)
        deviation = torch.stack([part.std() for part in q.weight.split(q.sizes)])
        base += (deviation.log() - base).median()  # about one standard deviation a step
        low, high = -2.0, 2.0
        for _ in range(30):
            q.log_step.copy_((base + (low + high) / 2).maximum(deviation.log() - math.log(10)))
            self.rate.refresh(q.levels(q.weight / q.log_step.exp()[q.layer]))
            if self.rate.bits / 8000 > self.options.start:
                low = (low + high) / 2
            else:
                high = (low + high) / 2
        self.write(first_steps=[round(v, 3) for v in (q.log_step.exp() / deviation).tolist()])

    @torch.no_grad()
    def _begin_with(self, file: Path) -> None:
        """Take levels, steps and biases of a .sqz file."""
        q, tensors = self.quantised, sqz.read_bytes(read_file(file), file.name).tensors
        if [t.values.shape for t in tensors.values()] != [p.shape for p in self.teacher.parameters()]:
            raise UserError(f"{file} is no file of {self.record.title}.")
        weights = [tensors[name] for name in q.names]
        if any(w.kind != "steps" or w.table is None or w.table.size != 1 for w in weights):
            raise UserError(f"{file} has no single step for each layer; choose another preset.")
        values = [torch.from_numpy(w.values).flatten() for w in weights]
        q.weight.copy_(torch.cat(values))
        q.log_step.copy_(torch.tensor([float(w.table[0]) for w in weights]).log())  # type: ignore[index]
        q.bias.copy_(torch.cat([torch.from_numpy(tensors[name].values) for name in q.bias_names]))
        self.options.start = self._kilobytes()
        self.write(begin=file.name, kilobytes=round(self.options.start, 1), **self.measure_now())

    def _kilobytes(self) -> float:
        q = self.quantised
        self.rate.refresh(q.levels(q.weight / q.log_step.exp()[q.layer]))
        return self.rate.bits.item() / 8000

    def progress(self) -> float:
        """Share of the run that is over: of the steps, or of the time, whichever bounds it."""
        if self.options.steps:
            return self.step / self.options.steps
        total = max(1.0, self.options.minutes * 60 - 8 - self.started)
        return (time.monotonic() - self.begun - self.started) / total

    def plan(self, done: float) -> tuple[int, float, float]:
        """(point, wanted kilobytes, share of the peak rate) at that share of the run.

        Towards each point the size goes down during 40 % of its share, then the rate decays.
        """
        sizes, shares = self.options.kilobytes, self.options.shares
        before, start = 0.0, self.options.start
        total = sum(shares)
        for point, (size, share) in enumerate(zip(sizes, shares, strict=True)):
            inside = (done * total - before) / share
            if inside < 1 or point == len(sizes) - 1:
                break
            before, start = before + share, size
        ramp = min(1.0, inside / 0.4)
        wanted = start * (size / start) ** ramp
        warm = min(1.0, inside / 0.03)
        falling = min(1.0, max(0.0, inside - 0.4) / 0.6)
        rate = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * falling))
        return point, wanted, rate * warm

    def train_step(self, rate: float) -> tuple[Tensor, Tensor, Tensor]:
        q, options = self.quantised, self.options
        x = self.batch(options.batch)
        t = options.temperature
        with torch.no_grad(), self.autocast():
            logits, fires = self.teacher(x)
            target = (logits.float() / t).softmax(1)
        named, positions = q.build()
        with self.autocast():
            answer, own = torch.func.functional_call(self.student, named, (x,))
        log = (answer.float() / t).log_softmax(1)
        divergence = (torch.special.xlogy(target, target) - target * log).sum(1).mean() * t * t
        features = torch.zeros((), device=self.device)
        if options.features:
            for a, b in zip(own, fires, strict=True):
                b = b.to(a.dtype)
                features = features + F.mse_loss(a, b).float() / b.square().mean().float()
            features = features / len(fires)
        bits = self.rate(positions)
        loss = divergence + options.features * features + (self.log_lambda + self.urge).exp() * bits / 8000
        gradients = torch.autograd.grad(loss, q.trained())
        step = q.log_step.detach().exp()[q.layer]
        self.adam.step(
            gradients,
            (options.lr * rate * step, options.step_lr * rate, 0.1 * options.lr * rate * q.bias_scale),
        )
        return divergence.detach(), features.detach(), bits.detach()

    @torch.no_grad()
    def refresh(self, wanted: float) -> None:
        q = self.quantised
        self.rate.refresh(q.levels(q.weight / q.log_step.exp()[q.layer]))
        excess = (self.rate.bits / 8000 / wanted - 1).clamp(-0.1, 0.1)
        # λ follows the excess and its sum: the sum alone would swing about the wanted size.
        self.log_lambda += 0.3 * excess
        self.urge.copy_(8 * excess)

    def run(self) -> None:
        self.started = time.monotonic() - self.begun
        first_step = self.step
        sums = torch.zeros(3, device=self.device)
        shown = time.monotonic()
        end = self.options.stop_at or math.inf
        while (done := self.progress()) < 1 and self.step < end:
            now, wanted, rate = self.plan(done)
            if now != self.point:
                self.save_point(self.point)
                self.point = now
            if self.step % REFRESH == 0:
                self.refresh(wanted)
                if self.cuda:
                    torch.cuda.synchronize()  # so that the clock tells how far the work is
            sums += torch.stack(self.train_step(rate))
            self.step += 1
            if self.step % 100 == 0:
                seconds, shown = time.monotonic() - shown, time.monotonic()
                d, f, b = (sums / 100).tolist()
                sums.zero_()
                self.write(
                    step=self.step,
                    done=round(done, 4),
                    wanted=round(wanted, 1),
                    kilobytes=round(self.rate.bits.item() / 8000, 1),
                    soft=round(b / 8000, 1),
                    divergence=round(d, 4),
                    features=round(f, 4),
                    loglambda=round(self.log_lambda.item(), 3),
                    urge=round(self.urge.item(), 3),
                    rate=round(rate, 3),
                    images_per_second=round(100 * self.options.batch / seconds),
                )
            if self.step % self.options.measure == 0:
                self.write(step=self.step, bytes=self.save_file("latest.sqz"), **self.measure_now())
            if self.options.steps and self.step % CHECKPOINT == 0:
                self.save_checkpoint()
        if done >= 1:
            self.save_point(self.point)
        elif self.options.steps:
            self.save_checkpoint()
        self.write(steps=self.step - first_step, seconds=round(time.monotonic() - self.begun, 1))

    def measure_now(self) -> dict[str, float]:
        with torch.no_grad():
            named, _ = self.quantised.build()
            return self.measure(self._answers(self.student, named))

    @torch.no_grad()
    def save_point(self, point: int) -> None:
        wanted = self.options.kilobytes[point]
        self.write(
            point=wanted,
            bytes=self.save_file(f"point_{wanted:g}.sqz"),
            step=self.step,
            **self.measure_now(),
            seconds=round(time.monotonic() - self.begun, 1),
        )

    def save_checkpoint(self) -> None:
        """Everything that a run of as many steps goes on from, as if it had not stopped."""
        state = {
            "fixed": self.fixed,
            "counts": (self.step, self.point, self.adam.count),
            "tensors": [t.detach() for t in self._state_tensors()],
            "generator": self.generator.get_state(),
        }
        temporary = self.checkpoint.with_suffix(".tmp")
        torch.save(state, temporary)
        temporary.replace(self.checkpoint)

    def _state_tensors(self) -> list[Tensor]:
        adam = self.adam
        return [*self.quantised.trained(), *adam.first, *adam.second, self.log_lambda, self.urge]

    @torch.no_grad()
    def resume(self) -> None:
        state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        if state["fixed"] != self.fixed:
            raise UserError(f"{self.checkpoint} is of a run with other settings; choose another --out.")
        self.step, self.point, self.adam.count = state["counts"]
        for tensor, saved in zip(self._state_tensors(), state["tensors"], strict=True):
            tensor.copy_(saved)
        self.generator.set_state(state["generator"].cpu())

    def save_file(self, name: str) -> int:
        """Write the network as it is now as a .sqz file; its length in bytes."""
        metadata = metadata_of(self.record) | {"title": f"{self.record.title}, compressed"}
        data = sqz.write_bytes(sqz.Sqz(self.quantised.packed(), metadata))
        temporary = self.options.out / f"{name}.tmp"
        temporary.write_bytes(data)
        temporary.replace(self.options.out / name)
        return len(data)


def main(arguments: list[str] | None = None) -> int:
    begun = time.monotonic()
    options = options_parser().parse_args(arguments)
    try:
        check(options)
        Training(options, begun).run()
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def check(options: argparse.Namespace) -> None:
    """UserError for options that cannot work."""
    if (options.steps is None) == (options.minutes is None):
        raise UserError("Give either --steps or --minutes.")
    if len(options.kilobytes) != len(options.shares):
        raise UserError("--kilobytes and --shares need as many numbers each.")
    if options.stop_at and (not options.steps or options.stop_at % REFRESH):
        raise UserError(f"--stop-at needs --steps and must be a multiple of {REFRESH}.")
    for folder in options.data:
        if not folder.is_dir():
            raise UserError(f"There is no folder {folder}.")


if __name__ == "__main__":
    sys.exit(main())
