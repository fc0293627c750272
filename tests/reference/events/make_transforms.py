"""Writes what Tonic makes of the events that the tests of snn::event::transform start from: what each of its
transforms does that leaves nothing to chance. stdlib/tests/fixtures/events/PROVENANCE.md lists the files.

    pip install numpy==2.4.6 tonic==1.7.0
    python make_transforms.py ../../../stdlib/tests/fixtures/events
"""

import sys
from pathlib import Path

import numpy as np
import tonic
from tonic import slicers
from tonic import transforms as tt

FOLDER = Path(sys.argv[1])
OUT = FOLDER / "transforms"
OUT.mkdir(exist_ok=True)
SIZE = (12, 10, 2)

# The first events of frames.csv, later by 20 ms: at time 0 Tonic takes all pixels to have had an event.
rows = np.loadtxt(FOLDER / "frames.csv", dtype=np.int64, delimiter=",")[:400]
rows[:, 0] += 20_000
t, x, y, p = rows.T
events = tonic.io.make_structured_array(x, y, t, p)


def save(name, e):
    np.savetxt(OUT / f"{name}.csv", np.column_stack([e[k] for k in "txyp"]), "%d", ",")


first, last = int(t[0]), int(t[-1])
middle = (first + last) // 2
for name, transform in {
    "center_crop": tt.CenterCrop(SIZE, (7, 4)),
    "center_crop_margin": tt.CenterCrop(SIZE, (15, 12)),
    # The end is included.
    "crop_time": tt.CropTime(first + 1000, middle),
    "decimate": tt.Decimation(3),
    "denoise": tt.Denoise(300),
    "refractory": tt.RefractoryPeriod(4000),
    "drop_pixels": tt.DropPixel(coordinates=[(3, 4), (0, 0), (11, 9), (5, 5)]),
    "drop_hot_pixels": tt.DropPixel(hot_pixel_frequency=4.5e6 / (last - first)),
    "downsample": tt.Downsample(sensor_size=SIZE, target_size=(5, 4)),
    "flip_left_right": tt.RandomFlipLR(SIZE, p=1.0),
    "flip_up_down": tt.RandomFlipUD(SIZE, p=1.0),
    "flip_polarity": tt.RandomFlipPolarity(p=1.0),
    "merge_polarities": tt.MergePolarities(),
    "time_skew": tt.TimeSkew(0.37, 12.5),
    "time_reversal": tt.RandomTimeReversal(p=1.0),
    "align_time": tt.TimeAlignment(),
    "integrate": tt.EventDownsampling(SIZE, (4, 5), "integrator", dt=0.8, noise_threshold=2),
    "differentiate": tt.EventDownsampling(
        SIZE, (4, 5), "differentiator", dt=1.6, noise_threshold=1, differentiator_time_bins=4),
}.items():
    save(name, transform(events.copy()))

# The indices at which slices begin and end.
for name, slicer in {
    "time_2000": slicers.SliceByTime(2000),
    "time_2000_700": slicers.SliceByTime(2000, 700),
    "time_2000_700_rest": slicers.SliceByTime(2000, 700, include_incomplete=True),
    "number_70": slicers.SliceByEventCount(70),
    "number_70_25": slicers.SliceByEventCount(70, 25),
    "number_70_25_rest": slicers.SliceByEventCount(70, 25, include_incomplete=True),
    "time_bins_7": slicers.SliceByTimeBins(7),
    "number_bins_7": slicers.SliceByEventBins(7),
}.items():
    parts = slicer.get_slice_metadata(events, 0)
    # Tonic's last slice may end behind the last event.
    np.savetxt(OUT / f"slices_{name}.csv", np.minimum(np.array(parts), len(t)), "%d", ",")
