"""Trains the network of SpikingJelly's example lif_fc_mnist on Fashion-MNIST, and prints a JSON line an epoch.

`--mode s` runs it as the example does, step by step; `--mode m` draws all steps at once and runs
SpikingJelly's multi-step mode. The images are in memory as floats. What the example does besides training (its
loss and accuracy on the training images, logs, checkpoints) is left out.
"""

import argparse
import gzip
import json
import pathlib
import time

import numpy
import torch
from spikingjelly.activation_based import encoding, functional, layer, neuron, surrogate
from torch.nn import functional as F

CLASSES = 10


def read(folder, stem):
    """An IDX file, gzipped or not, as a tensor."""
    path = next(p for p in sorted(pathlib.Path(folder).iterdir()) if p.name.startswith(stem))
    data = (gzip.open(path) if path.suffix == ".gz" else path.open("rb")).read()
    rank = data[3]
    shape = numpy.frombuffer(data, ">i4", rank, 4)
    numbers = numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * rank)
    return torch.from_numpy(numbers.reshape(shape).copy())


def split(folder, name):
    images = read(folder, f"{name}-images").float().div(255).unsqueeze(1)
    return images, read(folder, f"{name}-labels").long()


def network(mode):
    net = torch.nn.Sequential(
        layer.Flatten(),
        layer.Linear(28 * 28, CLASSES, bias=False),
        neuron.LIFNode(tau=2.0, surrogate_function=surrogate.ATan()),
    )
    functional.set_step_mode(net, mode)
    return net


def rates(net, encoder, images, steps, mode):
    if mode == "m":
        return net(encoder(images.expand(steps, *images.shape))).mean(0)
    rate = 0.0
    for _ in range(steps):
        rate += net(encoder(images))
    return rate / steps


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="the folder with the four IDX files")
    parser.add_argument("--mode", choices=["s", "m"], default="s")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    train, test = split(args.data, "train"), split(args.data, "t10k")
    net, encoder = network(args.mode), encoding.PoissonEncoder()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

    for epoch in range(args.epochs):
        net.train()
        order = torch.randperm(len(train[0]))
        start, before = time.perf_counter(), time.process_time()
        for batch in order.split(args.batch):
            optimizer.zero_grad()
            rate = rates(net, encoder, train[0][batch], args.steps, args.mode)
            F.mse_loss(rate, F.one_hot(train[1][batch], CLASSES).float()).backward()
            optimizer.step()
            functional.reset_net(net)
        seconds, processor = time.perf_counter() - start, time.process_time() - before

        net.eval()
        correct = 0
        with torch.no_grad():
            for images, labels in zip(test[0].split(500), test[1].split(500)):
                rate = rates(net, encoder, images, args.steps, args.mode)
                correct += (rate.argmax(1) == labels).sum().item()
                functional.reset_net(net)
        line = {
            "epoch": epoch,
            "seconds": round(seconds, 3),
            "processor_seconds": round(processor, 3),
            "test_accuracy": correct / len(test[0]),
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
