"""Train the detector on any COCO-format folder.

    python -m squeeze_core.detector.train --data FOLDER [--out runs/detector] [--epochs 40] …

FOLDER holds train/ and val/ with pictures, and train.json and val.json. A run that was stopped goes
on from its checkpoint when the same command is given again. The folder `--out` gets checkpoint.pt,
log.jsonl (settings, then one line an epoch) and detector.safetensors, the smoothed (EMA) weights.

On a CPU one process a core is faster than one process with a thread a core:

    torchrun --nproc-per-node CORES -m squeeze_core.detector.train --device cpu …
"""

from __future__ import annotations

import argparse
import ctypes
import json
import math
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, WeightedRandomSampler
from torchvision.transforms.v2 import functional as F
from tqdm import tqdm

from squeeze_core.detector import pretrained
from squeeze_core.detector.annotations import Annotations, read_coco
from squeeze_core.detector.evaluate import evaluate
from squeeze_core.detector.network import Detector, add_batchnorm, fold_batchnorm, positions
from squeeze_core.detector.training.dataset import MosaicCollate, TrainingSet, sampling_weights
from squeeze_core.detector.training.loss import detection_loss
from squeeze_core.detector.training.muon import Muon
from squeeze_core.errors import UserError
from squeeze_core.networks import weights
from squeeze_core.networks.architecture import SqueezeNet
from squeeze_core.networks.engine import Engine, choose_device, computes_bfloat16
from squeeze_core.networks.preprocess import IMAGENET_MEAN, IMAGENET_STD


def options_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m squeeze_core.detector.train", description=__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder with train/, train.json, val/ and val.json")
    add("--out", type=Path, default=Path("runs/detector"))
    add("--init", type=Path, help="detector weights to start from instead of the ImageNet backbone alone")
    add("--epochs", type=int, default=40)
    add("--batch", type=int, default=32)
    add("--size", type=int, default=320, help="input side in pixels, a multiple of 32")
    add("--first-size", type=int, help="input side of the first half of the epochs; --size when not given")
    add("--width", type=int, default=192, help="channels of the neck and head")
    add("--lr", type=float, default=1e-3, help="peak learning rate of neck and head")
    add("--backbone-lr", type=float, default=0.2, help="the backbone's rate, as a share of --lr")
    add("--weight-decay", type=float, default=0.02)
    add("--freeze", default="fire3", help="last backbone layer that is not trained; none for none")
    add("--mosaic", type=float, default=0.25, help="share of each batch that is mosaics")
    add("--crop", type=float, default=1.0, help="share of the pictures that go through the IoU crop")
    add("--plain-epochs", type=int, default=2, help="last epochs without mosaics")
    add("--workers", type=int, default=2)
    add("--device", choices=("auto", "cpu", "cuda"), default="auto")
    add("--every", type=int, default=2, help="epochs between validations")
    return parser


def build(options: argparse.Namespace, classes: int) -> Detector:
    """The network to train: ImageNet backbone or --init, BatchNorm in the neck, frozen stem."""
    imagenet = weights.load("squeezenet1_1").network
    assert isinstance(imagenet, SqueezeNet)
    names = imagenet.layer_names
    if options.init:
        network = pretrained.load_detector(options.init).network.requires_grad_(True)
    else:
        network = Detector(classes, options.width)
        network.backbone.load_state_dict(imagenet.features.state_dict())
    if options.freeze != "none":
        if options.freeze not in names:
            raise UserError(f"--freeze {options.freeze}: the backbone's layers are {', '.join(names)}.")
        network.backbone[: names.index(options.freeze) + 1].requires_grad_(False)
    return add_batchnorm(network)


@torch.no_grad()
def keep_function(network: Detector, images: Tensor) -> None:
    """Give each new BatchNorm the mean and spread that `images` have there, so that it changes nothing.

    `images`: as the network takes them, [N, 3, S, S]. For `--init`, whose weights hold already what
    the BatchNorms of their training had learnt.
    """

    def take(norm: nn.Module, inputs: tuple[Tensor]) -> None:
        assert isinstance(norm, nn.BatchNorm2d) and norm.running_var is not None
        variance, mean = torch.var_mean(inputs[0].float(), (0, 2, 3), correction=0)
        norm.running_var.copy_(variance)
        norm.running_mean.copy_(mean)  # type: ignore[union-attr]
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.copy_(mean)

    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    handles = [norm.register_forward_pre_hook(take) for norm in norms]
    network.eval()(images)
    for handle in handles:
        handle.remove()


def optimizers_for(network: Detector, options: argparse.Namespace) -> list[torch.optim.Optimizer]:
    """Muon for the convolutions' weights; AdamW, without decay, for biases and norms.

    The pretrained backbone has a lower rate in both.
    """
    trained = [(name, p) for name, p in network.named_parameters() if p.requires_grad]

    def groups(weights_of_convolutions: bool) -> list[dict[str, Any]]:
        return [
            {
                "params": [
                    parameter
                    for name, parameter in trained
                    if (parameter.ndim > 1) == weights_of_convolutions
                    and name.startswith("backbone") == backbone
                ],
                "lr": options.lr * (options.backbone_lr if backbone else 1),
            }
            for backbone in (False, True)
        ]

    dtype = torch.bfloat16 if computes_bfloat16(choose_device(options.device)) else torch.float32
    muon = Muon(groups(weights_of_convolutions=True), options.weight_decay, dtype)
    return [muon, torch.optim.AdamW(groups(weights_of_convolutions=False), weight_decay=0.0)]


def schedule(step: int, steps: int, warmup: int) -> float:
    """Share of the peak learning rate: linear warm-up, then a cosine to 2 %."""
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def normalise(images: Tensor, device: torch.device) -> Tensor:
    """uint8 [N, 3, S, S] → what the network expects, on the device, channels_last."""
    batch = F.to_dtype(images.to(device, non_blocking=True), torch.float32, scale=True)
    return F.normalize(batch, list(IMAGENET_MEAN), list(IMAGENET_STD)).contiguous(
        memory_format=torch.channels_last
    )


def first_process() -> bool:
    """Whether this process writes, shows and validates: the only one, or the first of several."""
    return not dist.is_initialized() or dist.get_rank() == 0


class Training:
    """One run: everything that a checkpoint holds and resumes."""

    def __init__(self, options: argparse.Namespace, data: Annotations) -> None:
        self.options = options
        self.device = choose_device(options.device)
        self.bfloat16 = computes_bfloat16(self.device)
        self.network = (
            build(options, len(data.classes)).to(self.device).to(memory_format=torch.channels_last)
        )
        self.processes = dist.get_world_size() if dist.is_initialized() else 1
        self.examples = TrainingSet(data, options.size, options.crop)
        self.loader = DataLoader(
            self.examples,
            options.batch // self.processes,
            sampler=WeightedRandomSampler(sampling_weights(data), len(data.examples) // self.processes),
            num_workers=options.workers,
            collate_fn=MosaicCollate(options.mosaic),
            drop_last=True,
        )
        if options.init:
            keep_function(self.network, normalise(next(iter(self.loader))[0], self.device))
        self.parallel: nn.Module = self.network
        if self.processes > 1:
            self.parallel = DistributedDataParallel(self.network, broadcast_buffers=False)
        self.optimizers = optimizers_for(self.network, options)
        self.steps = options.epochs * len(self.loader)
        warmup = min(500, self.steps // 10 + 1)
        self.schedulers = [
            torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: schedule(step, self.steps, warmup))
            for optimizer in self.optimizers
        ]
        # Averages over about the last 1,000 steps; fewer in short runs.
        decay = 1 - 1 / min(1000, self.steps // 8 + 1)
        self.average = AveragedModel(
            self.network, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True
        )
        self.epoch = 0
        # What a checkpoint must agree on to be resumed.
        names = ("epochs", "batch", "size", "first_size", "freeze")
        self.fixed = {name: getattr(options, name) for name in names}
        self.fixed |= {"width": self.network.width, "classes": list(data.classes)}

    def run_epoch(self) -> dict[str, float]:
        """Train one epoch; the mean of each loss."""
        first_half = self.epoch < self.options.epochs // 2
        size = (self.options.first_size if first_half else None) or self.options.size
        self.examples.resize_to(size)
        # Every process and every epoch draws other pictures; a resumed run draws the same ones.
        seed = self.epoch * self.processes + (dist.get_rank() if self.processes > 1 else 0)
        torch.manual_seed(seed)
        random.seed(seed)
        if self.epoch >= self.options.epochs - self.options.plain_epochs:
            self.loader.collate_fn = MosaicCollate(0.0)
        self.network.train()
        centres = positions(size, size, self.device)
        sums: dict[str, float] = {}
        title = f"epoch {self.epoch + 1}/{self.options.epochs}"
        progress = tqdm(self.loader, title, mininterval=10, disable=not first_process())
        for number, (images, boxes, labels) in enumerate(progress, start=1):
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
                output = self.parallel(normalise(images, self.device))
            losses = detection_loss(
                output, centres, [b.to(self.device) for b in boxes], [i.to(self.device) for i in labels]
            )
            self.network.zero_grad()
            torch.stack(list(losses.values())).sum().backward()
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 10.0)
            for optimizer, scheduler in zip(self.optimizers, self.schedulers, strict=True):
                optimizer.step()
                scheduler.step()
            self.average.update_parameters(self.network)
            for key, value in losses.items():
                sums[key] = sums.get(key, 0.0) + value.item()
            progress.set_postfix(
                {key: f"{value / number:.3f}" for key, value in sums.items()}, refresh=False
            )
        self.epoch += 1
        return {key: round(value / len(self.loader), 4) for key, value in sums.items()}

    def smoothed(self) -> Detector:
        """The averaged network, its BatchNorms folded; a copy."""
        network = Detector(self.network.class_logits.out_channels, self.network.width)
        add_batchnorm(network).load_state_dict(self.average.module.state_dict())
        return fold_batchnorm(network).to(self.device).to(memory_format=torch.channels_last)

    def _parts(self) -> list[Any]:
        return [self.network, self.average, *self.optimizers, *self.schedulers]

    def save(self, path: Path) -> None:
        states = [part.state_dict() for part in self._parts()]
        temporary = path.with_suffix(".tmp")
        torch.save({"states": states, "epoch": self.epoch, "fixed": self.fixed}, temporary)
        temporary.replace(path)

    def resume(self, path: Path) -> None:
        saved = torch.load(path, map_location=self.device, weights_only=True)
        if saved["fixed"] != self.fixed:
            raise UserError(
                f"{path} is of a run with {saved['fixed']}, not {self.fixed}; choose another --out."
            )
        for part, state in zip(self._parts(), saved["states"], strict=True):
            part.load_state_dict(state)
        self.epoch = saved["epoch"]


def main(arguments: list[str] | None = None) -> int:
    options = options_parser().parse_args(arguments)
    try:
        train(options)
    except UserError as error:
        if os.environ.get("RANK", "0") == "0":
            print(error, file=sys.stderr)
        return 2
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
    return 0


def train(options: argparse.Namespace) -> None:
    """Run or resume the training that `options` describe."""
    for size in (options.size, options.first_size):
        if size is not None:
            pretrained.check_side(size)
    if not 0 <= options.crop <= 1:
        raise UserError("--crop must be from 0 to 1.")
    for name in ("epochs", "batch", "every", "width"):
        if getattr(options, name) < 1:
            raise UserError(f"--{name} must be at least 1.")
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if processes > 1 and choose_device(options.device).type != "cpu":
        raise UserError("Several processes train on the CPU only; add --device cpu.")
    if options.batch % processes:
        raise UserError(f"--batch {options.batch} does not divide among {processes} processes.")
    training_data = read_coco(options.data / "train", options.data / "train.json")
    validation = read_coco(options.data / "val", options.data / "val.json", training_data.classes)
    if len(training_data.examples) < options.batch:
        raise UserError(
            f"There are {len(training_data.examples)} pictures, fewer than --batch {options.batch}."
        )
    options.out.mkdir(parents=True, exist_ok=True)
    _keep_memory()
    if processes > 1:
        dist.init_process_group("gloo")
    run = Training(options, training_data)
    checkpoint, log = options.out / "checkpoint.pt", options.out / "log.jsonl"
    if checkpoint.exists():
        run.resume(checkpoint)
    settings: dict[str, Any] = {
        key: str(v) if isinstance(v, Path) else v for key, v in vars(options).items()
    }
    if first_process():
        _append(log, {"settings": settings, "resumed_at": run.epoch, "torch": torch.__version__})
    while run.epoch < options.epochs:
        begun = time.time()
        row: dict[str, Any] = run.run_epoch()
        row |= {"epoch": run.epoch, "seconds": round(time.time() - begun)}
        if not first_process():
            continue
        run.save(checkpoint)
        if run.epoch % options.every == 0 or run.epoch == options.epochs:
            file = options.out / "detector.safetensors"
            pretrained.save_detector(run.smoothed(), training_data.classes, options.size, file)
            result = evaluate(validation, Engine(options.device), file)
            row |= {"map50": round(result.map50, 2), "map": round(result.map, 2)}
            row["per_class"] = {name: round(value, 1) for name, value in result.per_class.items()}
        _append(log, row)


def _keep_memory() -> None:
    """Have glibc keep freed memory; fetching fresh pages cost a quarter of each training step."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt"):
            m_trim_threshold, m_mmap_max = -1, -4
            libc.mallopt(m_mmap_max, 0)
            libc.mallopt(m_trim_threshold, -1)


def _append(log: Path, row: dict[str, Any]) -> None:
    with log.open("a") as file:
        file.write(json.dumps(row) + "\n")
    print(json.dumps(row), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
