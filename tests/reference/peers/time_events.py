"""Times how SpikingJelly prepares recordings as N-MNIST's, reads AEDAT 3.1 and makes frames, on the CPU.

Takes the folder that `cargo xtask events FOLDER` has made: `extracted/Train/0/00001.bin` and so on, and `one.aedat`.
Prints a JSON line. What it makes goes into `FOLDER/spikingjelly`, which is deleted before and behind.
"""

import json
import pathlib
import shutil
import sys
import time

import spikingjelly
from spikingjelly.datasets import utils
from spikingjelly.datasets.n_mnist import NMNIST

STEPS = 10


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def fastest(work, runs=3):
    return min(timed(work) for _ in range(runs))


def main():
    folder = pathlib.Path(sys.argv[1])
    root = folder / "spikingjelly"
    shutil.rmtree(root, ignore_errors=True)
    events = root / "events_np"
    events.mkdir(parents=True)
    n_files = sum(1 for _ in (folder / "extracted").rglob("*.bin"))
    prepare = timed(lambda: NMNIST.create_raw_from_extracted(folder / "extracted", events))
    settings = dict(data_type="frame", frames_number=STEPS, split_by="number")
    frames = timed(lambda: NMNIST(root, train=True, **settings))
    bytes_ = sum(path.stat().st_size for path in root.rglob("*.npz"))
    shutil.rmtree(root)
    aedat = folder / "one.aedat"
    read = fastest(lambda: utils.load_aedat_v3(aedat))
    events = utils.load_aedat_v3(aedat)
    integrate = fastest(lambda: utils.integrate_events_by_fixed_frames_number(events, "number", 16, 128, 128))
    line = {
        "files": n_files,
        "events_s": prepare,
        "frames_s": frames,
        "bytes": bytes_,
        "aedat3_gb_s": aedat.stat().st_size / read / 1e9,
        "frames_m_events_s": len(events["t"]) / integrate / 1e6,
        "version": getattr(spikingjelly, "__version__", "2.0.0"),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
