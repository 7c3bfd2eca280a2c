"""Train the detector on any folder of annotated pictures.

    python -m squeeze_core.detector.train --data FOLDER [--out runs/detector] [--epochs 40] …

FOLDER holds train/ and val/ with pictures, and train.json and val.json in COCO format; what Roboflow,
Label Studio, CVAT and ultralytics export (COCO, YOLO, PASCAL VOC) is read too. `--check` says all that
is wrong with it and does nothing else. The same command resumes a run that was stopped from its
checkpoint. The folder `--out` gets checkpoint.pt, log.jsonl (settings, then one line an epoch) and
detector.safetensors, the smoothed (EMA) weights.
"""

from __future__ import annotations

import argparse
import copy
import ctypes
import json
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from squeeze_core.detector import pretrained
from squeeze_core.detector.annotations import Annotations, read_sets
from squeeze_core.detector.evaluate import answers_to, score
from squeeze_core.detector.network import Detector, add_batchnorm, fold_batchnorm, positions
from squeeze_core.detector.training.augment import Batch, Batches
from squeeze_core.detector.training.loss import detection_loss
from squeeze_core.detector.training.muon import Muon
from squeeze_core.detector.training.pictures import Scene, decoded, labelled_scenes, sampling_weights
from squeeze_core.errors import UserError
from squeeze_core.networks.catalogue import DEFAULT
from squeeze_core.networks.engine import Engine, choose_device
from squeeze_core.networks.plan import PLANS
from squeeze_core.networks.preprocess import IMAGENET_MEAN, IMAGENET_STD
from squeeze_core.networks.torch_network import computes_bfloat16

WARMUP = 0.03  # share of the training in which the learning rate rises


def options_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m squeeze_core.detector.train", description=__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder of annotated pictures, or a data.yaml")
    add("--check", action="store_true", help="only say all that is wrong with the pictures and boxes")
    add("--out", type=Path, default=Path("runs/detector"))
    add("--init", type=Path, help="detector weights to start from instead of the ImageNet backbone alone")
    add("--epochs", type=int, default=40)
    add("--minutes", type=float, help="end after that long, whatever --epochs says")
    add("--batch", type=int, default=32)
    add("--size", type=int, default=320, help="input side in use, pixels, a multiple of 32")
    add("--sides", type=int, nargs="+", help="input sides to draw from in training; --size when not given")
    add("--stored-side", type=int, default=336, help="longest side of pictures in memory, pixels")
    add("--width", type=int, default=192, help="channels of the neck and head")
    add("--lr", type=float, default=1e-3, help="peak learning rate of neck and head")
    add("--backbone-lr", type=float, default=0.2, help="the backbone's rate, as a share of --lr")
    add("--weight-decay", type=float, default=0.02)
    add("--freeze", default="fire3", help="last backbone layer that is not trained; none for none")
    add("--mosaic", type=float, default=0.25, help="share of the pictures that are mosaics")
    add("--workers", type=int, default=2, help="processes that prepare pictures beside the training")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto")
    add("--every", type=int, default=2, help="epochs between validations")
    return parser


def build(options: argparse.Namespace, classes: Sequence[str]) -> Detector:
    """The network to train: ImageNet backbone or --init, BatchNorm in the neck, frozen stem."""
    if options.init:
        started = pretrained.load_detector(options.init)
        network = started.network.requires_grad_(True)
        if network.classes != len(classes):
            raise UserError(f"{options.init} finds {', '.join(started.labels)}, not {', '.join(classes)}.")
    else:
        network = Detector(len(classes), options.width)
        imagenet = DEFAULT.load().get_submodule("features")
        network.get_submodule("backbone").load_state_dict(imagenet.state_dict())
    if options.freeze != "none":
        names = [layer.name for layer in PLANS["1.1"].feature_layers() if "/" not in layer.name]
        if options.freeze not in names:
            raise UserError(f"--freeze {options.freeze}: the backbone's layers are {', '.join(names)}.")
        for layer in network.layers():
            if isinstance(layer.function, nn.Module):
                layer.function.requires_grad_(False)
            if layer.name == options.freeze:
                break
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
    trained = defaultdict(list)
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            trained[parameter.ndim > 1, name.startswith("backbone")].append(parameter)

    def groups(convolutions: bool) -> list[dict[str, Any]]:
        rates = {False: options.lr, True: options.lr * options.backbone_lr}
        return [
            {"params": trained[convolutions, backbone], "peak": rate, "lr": 0.0}
            for backbone, rate in rates.items()
        ]

    device = choose_device(options.device)
    dtype = torch.bfloat16 if computes_bfloat16(device) else torch.float32
    muon = Muon(groups(convolutions=True), options.weight_decay, dtype)
    rest = groups(convolutions=False)
    return [muon, torch.optim.AdamW(rest, weight_decay=0.0, fused=device == "cuda")]


def schedule(progress: float) -> float:
    """Share of the peak learning rate at that share of the training: up in a line, then a cosine to 2 %."""
    if progress < WARMUP:
        return max(0.01, progress / WARMUP)
    rest = (progress - WARMUP) / (1 - WARMUP)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, rest)))


def normalise(pictures: Tensor) -> Tensor:
    """[N, 3, S, S], RGB 0–255 → what the network expects, channels_last."""
    mean, std = _mean_and_std(pictures.device)
    return ((pictures - mean) / std).contiguous(memory_format=torch.channels_last)


@cache
def _mean_and_std(device: torch.device) -> tuple[Tensor, Tensor]:
    """Copied to the device once: such a copy waits for everything before it."""
    mean, std = (255 * torch.tensor(v, device=device).view(3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
    return mean, std


class Training:
    """One run: everything that a checkpoint holds and resumes."""

    def __init__(self, options: argparse.Namespace, scenes: list[Scene], classes: Sequence[str]) -> None:
        self.options = options
        self.device = torch.device(choose_device(options.device))
        self.bfloat16 = computes_bfloat16(self.device.type)
        # Looking for the fastest convolutions takes half a minute for each input side.
        torch.backends.cudnn.benchmark = len(options.sides) == 1
        self.network = build(options, classes).to(self.device).to(memory_format=torch.channels_last)
        self.progress = torch.zeros(1).share_memory_()  # read by the processes that work ahead
        self.batches = self.batches_of(decoded(scenes, options.stored_side))
        if options.init:
            keep_function(self.network, normalise(self.batches[0].pictures.to(self.device)))
        self.optimizers = optimizers_for(self.network, options)
        self.average = copy.deepcopy(self.network)
        self.steps_an_epoch = len(scenes) // options.batch
        self.step = 0
        self.seconds = 0.0  # trained before the run was resumed
        # What a checkpoint must agree on to be resumed.
        self.fixed = {name: getattr(options, name) for name in ("batch", "size", "sides", "freeze")}
        self.fixed |= {"width": self.network.width, "classes": list(classes)}

    @property
    def epoch(self) -> int:
        return self.step // self.steps_an_epoch

    @property
    def finished(self) -> bool:
        return self.progress.item() >= 1

    def start(self, launched: float) -> None:
        """Prepare batches from the step that was reached on; `launched`: when --minutes began to count."""
        loader = DataLoader(
            self.batches,
            batch_size=None,
            sampler=range(self.step, sys.maxsize),
            num_workers=self.options.workers,
            pin_memory=self.device.type == "cuda",
        )
        self.ahead = iter(loader)
        now = monotonic()
        self.begun = now - self.seconds
        # Getting ready counts too, so that the command ends in time, but not as progress.
        minutes = self.options.minutes or math.inf
        self.allowed = max(1.0, 60 * minutes - (now - launched))

    def run_epoch(self) -> dict[str, float]:
        """Train one epoch, or what is left of the time; the mean of each loss."""
        self.network.train()
        sums: dict[str, Tensor] = {}
        first, last = self.step, (self.epoch + 1) * self.steps_an_epoch
        with tqdm(total=last - first, desc=f"epoch {self.epoch + 1}", mininterval=10) as bar:
            while self.step < last and not self.finished:
                for key, value in self._step(next(self.ahead)).items():
                    sums[key] = sums.get(key, torch.zeros((), device=self.device)) + value.detach()
                bar.update()
        return {key: round(value.item() / (self.step - first), 4) for key, value in sums.items()}

    def _step(self, prepared: Batch) -> dict[str, Tensor]:
        batch = Batch(*(part.to(self.device, non_blocking=True) for part in prepared))
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            output = self.network(normalise(batch.pictures))
        losses = self.losses(batch, output)
        total = torch.stack(list(losses.values())).sum()
        self.network.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 10.0)
        rate = schedule(self.progress.item())
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * group["peak"]
            optimizer.step()
        self.step += 1
        self._move_average()
        self.seconds = monotonic() - self.begun
        self._note_progress()
        return losses

    def batches_of(self, scenes: Sequence[Scene]) -> Batches:
        """The augmented batches to train on."""
        o = self.options
        return Batches(scenes, sampling_weights(scenes), o.batch, o.sides, o.mosaic, self.progress)

    def losses(self, batch: Batch, output: Tensor) -> dict[str, Tensor]:
        """Name → scalar; their sum is minimised."""
        side = batch.pictures.shape[-1]
        centres = positions(side, side, self.device)
        return detection_loss(output, centres, batch.boxes, batch.labels, batch.worth)

    def _note_progress(self) -> None:
        if self.options.minutes:
            self.progress[0] = self.seconds / self.allowed
        else:
            self.progress[0] = self.step / (self.options.epochs * self.steps_an_epoch)

    @torch.no_grad()
    def _move_average(self) -> None:
        """The mean over about the last eighth of the steps so far, at most 1,000."""
        averaged, current = (
            [value for value in network.state_dict().values() if value.is_floating_point()]
            for network in (self.average, self.network)
        )
        torch._foreach_lerp_(averaged, current, 1 / min(1000, self.step // 8 + 1))

    def write(self, file: Path, classes: tuple[str, ...]) -> None:
        """The averaged network as a weights file, its BatchNorms folded."""
        network = Detector(len(classes), self.network.width)
        add_batchnorm(network).load_state_dict(self.average.state_dict())
        pretrained.save_detector(fold_batchnorm(network), classes, self.options.size, file)

    def _parts(self) -> list[Any]:
        return [self.network, self.average, *self.optimizers]

    def save(self, path: Path) -> None:
        states = [part.state_dict() for part in self._parts()]
        temporary = path.with_suffix(".tmp")
        reached = {"step": self.step, "seconds": self.seconds}
        torch.save({"states": states, **reached, "fixed": self.fixed}, temporary)
        temporary.replace(path)

    def resume(self, path: Path) -> None:
        """Go on where a checkpoint was saved, also for more epochs or minutes than it was to have.

        UserError when it is damaged, or of a run with other settings.
        """
        try:
            saved = torch.load(path, map_location=self.device, weights_only=True)
            fixed = {name: saved["fixed"][name] for name in self.fixed}
        except Exception:  # a damaged pickle makes its reader fail in any way
            raise UserError(f"{path} is damaged; delete it to begin again.") from None
        if fixed != self.fixed:
            raise UserError(f"{path} is of a run with {fixed}, not {self.fixed}; choose another --out.")
        for part, state in zip(self._parts(), saved["states"], strict=True):
            part.load_state_dict(state)
        self.step, self.seconds = saved["step"], saved["seconds"]
        self._note_progress()


def main(arguments: list[str] | None = None) -> int:
    return run(options_parser().parse_args(arguments), gather, Training)


def run(options: argparse.Namespace, gather: Gather, kind: type[Training]) -> int:
    """Train as `options` say; the exit code, with a sentence on standard error where it is not 0."""
    code = 2
    try:
        train(options, gather, kind)
        return 0
    except UserError as error:
        said = str(error)
    except OSError as error:
        said = f"{error.filename or options.out} cannot be read or written: {error.strerror}."
    except torch.OutOfMemoryError:
        said = f"The GPU has too little memory for --batch {options.batch}; a smaller one needs less."
    except KeyboardInterrupt:
        code, checkpoint = 130, options.out / "checkpoint.pt"
        said = "Stopped before the first checkpoint; nothing was saved."
        if checkpoint.exists():
            said = f"Stopped; the same command resumes from {checkpoint}."
    print(said, file=sys.stderr)
    return code


def check(options: argparse.Namespace) -> None:
    """UserError for settings that make no sense."""
    for size in [options.size, *options.sides]:
        pretrained.check_side(size)
    if not 0 <= options.mosaic <= 1:
        raise UserError("--mosaic must be from 0 to 1.")
    for name in ("epochs", "batch", "every", "width", "stored_side"):
        if getattr(options, name) < 1:
            raise UserError(f"--{name.replace('_', '-')} must be at least 1.")
    if options.minutes is not None and options.minutes <= 0:
        raise UserError("--minutes must be more than 0.")


Gather = Callable[[argparse.Namespace], tuple[list[Scene], Annotations, Annotations | None]]


def gather(options: argparse.Namespace) -> tuple[list[Scene], Annotations, Annotations | None]:
    """The pictures to learn from, the labels that fix the classes, and the validation set, if any."""
    data, validation = read_sets(options.data)
    for notice in (*data.notices, *(validation.notices if validation else ())):
        print(notice, file=sys.stderr)
    return labelled_scenes(data), data, validation


def train(options: argparse.Namespace, gather: Gather, kind: type[Training]) -> None:
    """Run or resume the training that `options` describe."""
    launched = monotonic()
    options.sides = options.sides or [options.size]
    check(options)
    scenes, data, validation = gather(options)
    if options.check:
        here = f"{len(data.examples):,} pictures to learn from"
        there = f" and {len(validation.examples):,} to validate on" if validation else ""
        noticed = data.notices or (validation and validation.notices)
        print(f"{'Apart from that, nothing' if noticed else 'Nothing'} is wrong with the {here}{there}.")
        return
    if len(scenes) < options.batch:
        raise UserError(f"There are {len(scenes)} pictures, fewer than --batch {options.batch}.")
    options.out.mkdir(parents=True, exist_ok=True)
    _keep_memory()
    run = kind(options, scenes, data.classes)
    checkpoint, log = options.out / "checkpoint.pt", options.out / "log.jsonl"
    if checkpoint.exists():
        run.resume(checkpoint)
    settings = {key: json.loads(json.dumps(value, default=str)) for key, value in vars(options).items()}
    _append(log, {"settings": settings, "resumed_at": run.epoch, "torch": torch.__version__})
    run.start(launched)
    while not run.finished:
        before = run.seconds
        row: dict[str, Any] = run.run_epoch()
        row |= {"epoch": run.epoch, "step": run.step, "seconds": round(run.seconds - before, 1)}
        if run.epoch % options.every == 0 or run.finished:
            run.save(checkpoint)
            file = options.out / "detector.safetensors"
            run.write(file, data.classes)
            if validation:
                row |= _score(validation, options.device, file)
        _append(log, row)


def _score(validation: Annotations, device: Any, file: Path) -> dict[str, Any]:
    answers = answers_to(validation, Engine(device), pretrained.load_detector(file))
    result = score(validation, [answer.proposals() for answer in answers])
    per_class = {name: round(value, 1) for name, value in result.per_class.items()}
    return {"map50": round(result.map50, 2), "map": round(result.map, 2), "per_class": per_class}


def _keep_memory() -> None:
    """Have glibc keep freed memory; fetching fresh pages cost a quarter of each training step."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt"):
            m_trim_threshold, m_mmap_max = -1, -4
            libc.mallopt(m_mmap_max, 0)
            libc.mallopt(m_trim_threshold, -1)


def _append(log: Path, row: dict[str, Any]) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(json.dumps(row), file=sys.stderr)
