"""Writes the files of events that the tests of snn::event read, each with the code of someone else where any
writes its format, and by the format's published specification where none does; what each tool reads back
is checked here. stdlib/tests/fixtures/events/PROVENANCE.md lists the files.

    pip install numpy==2.4.6 h5py==3.16.0 tables==3.11.1 tonic==1.7.0 spikingjelly==2.0.0 \
        dv_processing==2.0.4 faery==0.7.1 expelliarmus==1.1.12 aedat==2.3.0
    g++ -O2 -o evt2_encoder metavision_evt2_raw_file_encoder.cpp    # of OpenEB 5.1, standalone_samples
    g++ -O2 -o evt3_decoder metavision_evt3_raw_file_decoder.cpp
    python make_events.py . ../../../stdlib/tests/fixtures/events    # the folder of the two programs first
"""

import struct
import subprocess
import sys
from pathlib import Path

import dv_processing as dv
import expelliarmus
import faery
import h5py
import numpy as np
import tables
import tonic
from spikingjelly.datasets import cifar10_dvs, nav_gesture, shd, utils

TOOLS, OUT = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
WIDTH = HEIGHT = 128


def recording(seed, n, longest, width=WIDTH, height=HEIGHT):
    """Events with bursts, with several at one time, and with neighbours at one time in a row."""
    r = np.random.default_rng(seed)
    gaps = np.where(r.random(n) < 0.4, 0, r.integers(0, longest, n))
    t = np.cumsum(gaps)
    x, y, p = r.integers(0, width, n), r.integers(0, height, n), r.integers(0, 2, n)
    for i in range(n // 2, n // 2 + 24):
        t[i], x[i], y[i], p[i] = t[n // 2 - 1], (40 + i - n // 2) % width, 7, 1
    return {"t": t, "x": x, "y": y, "p": p}


def save_csv(name, e):
    np.savetxt(OUT / name, np.column_stack([e[k] for k in "txyp"]), "%d", ",")


def same(name, e, t, x, y, p):
    for key, found in zip("txyp", (t, x, y, p)):
        assert np.array_equal(np.asarray(found, dtype=np.int64), e[key]), (name, key)


def structured(e, fields):
    out = np.zeros(len(e["t"]), dtype=fields)
    for name in out.dtype.names:
        out[name] = e[name]
    return out


# Under 2^23 µs, which ATIS has; within few ms, since OpenEB writes the time each 16 µs; and over 2^24 µs.
base = recording(1, 400, 30_000)
short = recording(2, 400, 20)
long = recording(3, 300, 800_000)
for name, e in (("base", base), ("short", short), ("long", long)):
    save_csv(f"{name}.csv", e)
assert base["t"][-1] < 2**23 and long["t"][-1] > 3 * 2**24 and len(set(base["t"])) < 300

# ATIS .bin: x, y, then p and 23 bits of time, big-endian (Orchard et al. 2015); row 240 is an overflow.
atis = [struct.pack(">BBI", x, y, p << 23 | t)[:2] + struct.pack(">I", p << 23 | t)[1:]
        for t, x, y, p in zip(*(base[k].tolist() for k in "txyp"))]
(OUT / "atis.bin").write_bytes(b"".join(atis))
found = utils.load_ATIS_bin(OUT / "atis.bin")
same("atis", base, *(found[k] for k in "txyp"))
turns, rows = 0, []
for t, x, y, p in zip(*(base[k].tolist() for k in "txyp")):
    while t - turns >= 2**13:
        rows.append(bytes([0, 240, 0, 0, 0]))
        turns += 2**13
    rows.append(bytes([x, y]) + struct.pack(">I", p << 23 | t - turns)[1:])
(OUT / "atis_overflow.bin").write_bytes(b"".join(rows))
found = tonic.io.read_mnist_file(str(OUT / "atis_overflow.bin"), tonic.io.events_struct)
same("atis_overflow", base, found["t"], found["x"], found["y"], found["p"])

# DAT: by expelliarmus, which names no version, by faery, and the layout from before version 2.
wizard = expelliarmus.Wizard(encoding="dat")
columns = [("t", np.int64), ("x", np.int16), ("y", np.int16), ("p", np.uint8)]
wizard.save(fpath=OUT / "expelliarmus.dat", arr=structured(base, columns))


def by_faery(name, e, **options):
    stream = faery.events_stream_from_array(structured({**e, "on": e["p"]}, faery.EVENTS_DTYPE), (WIDTH, HEIGHT))
    stream.to_file(OUT / name, **options)


by_faery("faery.dat", base, version="dat2", zero_t0=False)
old = b"% Data file containing Event2D events.\n% Version 1\n" + bytes([0, 8])
for t, x, y, p in zip(*(base[k].tolist() for k in "txyp")):
    old += struct.pack("<II", t, x | y << 9 | p << 17)
(OUT / "old.dat").write_bytes(old)
t, xy, p, _ = nav_gesture._readATIS_tddat(OUT / "old.dat", orig_at_zero=False)
same("old.dat", base, t, xy[:, 0], xy[:, 1], p)

# AEDAT 2 of jAER: big-endian addresses and times. Events that are of no pixel lie between.
text = b"#!AER-DAT2.0\r\n# This is a raw AE data file - do not edit\r\n# created by a test\r\n"
data = b"".join(struct.pack(">II", y << 8 | x << 1 | p, t)
                for t, x, y, p in zip(*(base[k].tolist() for k in "txyp")))
(OUT / "dvs128.aedat").write_bytes(text + data)
found = cifar10_dvs._load_origin_data(OUT / "dvs128.aedat")
same("dvs128", base, found["t"], 127 - found["y"], 127 - found["x"], 1 - found["p"])
text += b"# AEChip: eu.seebetter.ini.chips.davis.Davis346B\r\n# Creation time: System.currentTimeMillis() 1\r\n"
data = b""
for t, x, y, p in zip(*(base[k].tolist() for k in "txyp")):
    data += struct.pack(">II", y << 22 | x << 12 | p << 11, t)
    if p:
        # A sample of a frame, and a mark from outside.
        data += struct.pack(">IIII", 1 << 31 | y << 22, t, 1 << 10 | x << 12, t)
(OUT / "davis.aedat").write_bytes(text + data)
_, _, found = tonic.io.read_davis_346(OUT / "davis.aedat")
raw = np.frombuffer(data, ">u4")[::2]
pixels = (raw & (1 << 31 | 1 << 10)) == 0
same("davis", base, found["t"][pixels], 345 - found["x"][pixels], 259 - found["y"][pixels], found["p"][pixels])

# AEDAT 3.1 of cAER: packets of 28 bytes and events, little-endian; two of other types, and in a second file
# events that are not valid and a packet with more room than events.
text = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#Start-Time: 2026-01-01 00:00:00 (TZ+0000)\r\n#!END-HEADER\r\n"


def packet(kind, size, events, valid, room=None, turns=0):
    room = len(events) if room is None else room
    head = struct.pack("<hhiiiiii", kind, 1, size, 4, turns, room, len(events), valid)
    return head + b"".join(events) + bytes(size * (room - len(events)))


def polarity(t, x, y, p, valid=1):
    return struct.pack("<Ii", x << 17 | y << 2 | p << 1 | valid, t & 0x7FFFFFFF)


rows = list(zip(*(base[k].tolist() for k in "txyp")))
special = packet(0, 8, [struct.pack("<Ii", 1 << 1 | 1, 0)] * 3, 3)
imu = packet(3, 36, [bytes(36)] * 2, 0)
plain = [packet(1, 8, [polarity(*e) for e in rows[i:i + 150]], len(rows[i:i + 150])) for i in range(0, 400, 150)]
(OUT / "caer.aedat").write_bytes(text + special + plain[0] + imu + b"".join(plain[1:]))
found = utils.load_aedat_v3(OUT / "caer.aedat")
same("caer", base, *(found[k] for k in "txyp"))
late = {**base, "t": base["t"] + 2**32 - 5_000}
save_csv("late.csv", late)
mixed = text
for i in range(0, 400, 50):
    part = list(zip(*(late[k].tolist() for k in "txyp")))[i:i + 50]
    for turns in (0, 1, 2):
        events = [polarity(*e) for e in part if e[0] >> 31 == turns]
        if events:
            # Each third is followed by one that is not valid and lies off the sensor.
            odd = [b for j, e in enumerate(events) for b in ([e, polarity(0, 999, 999, 1, 0)] if j % 3 == 0 else [e])]
            mixed += packet(1, 8, odd, len(events), room=len(odd) + i % 4, turns=turns)
(OUT / "caer_mixed.aedat").write_bytes(mixed)

# AEDAT 4, by DV's own library in each packing, and by faery.
for packing in ("NONE", "LZ4", "LZ4_HIGH", "ZSTD", "ZSTD_HIGH"):
    config = dv.io.MonoCameraWriter.Config("camera", getattr(dv.CompressionType, packing))
    config.addEventStream((WIDTH, HEIGHT))
    config.addTriggerStream()
    writer = dv.io.MonoCameraWriter(str(OUT / f"dv_{packing.lower()}.aedat4"), config)
    for start in range(0, 400, 160):
        store = dv.EventStore()
        for t, x, y, p in rows[start:start + 160]:
            store.push_back(t, x, y, bool(p))
        writer.writeEvents(store)
        writer.writeTrigger(dv.Trigger(int(base["t"][start]), dv.TriggerType.EXTERNAL_SIGNAL_RISING_EDGE))
    del writer
    found = tonic.io.read_aedat4(str(OUT / f"dv_{packing.lower()}.aedat4"))
    same(packing, base, found["t"], found["x"], found["y"], found[found.dtype.names[3]])
by_faery("faery.aedat4", base, compression=("zstd", 3))

# EVT 2 and 3, by expelliarmus, by faery and by Prophesee's own encoder.
# expelliarmus leaves out upper bits of the time of EVT 3 where they change by more than 1, and does not read
# back what it wrote then.
for encoding, name, e in (("evt2", "base", base), ("evt3", "short", short)):
    file = OUT / f"expelliarmus_{encoding}.raw"
    expelliarmus.Wizard(encoding=encoding).save(fpath=file, arr=structured(e, columns))
    same(file.name, e, *(expelliarmus.Wizard(encoding=encoding).read(file)[k] for k in "txyp"))
for version in ("evt2", "evt3"):
    by_faery(f"faery_{version}.raw", base, version=version, zero_t0=False)
by_faery("faery_evt3_long.raw", long, version="evt3", zero_t0=False)
lines = [f"%geometry:{WIDTH},{HEIGHT}"] + [f"{x},{y},{p},{t}" for t, x, y, p in zip(*(short[k] for k in "txyp"))]
Path(TOOLS / "short.csv").write_text("\n".join(lines) + "\n")
subprocess.run([TOOLS / "evt2_encoder", OUT / "openeb_evt2.raw", TOOLS / "short.csv"], check=True)
# Runs of neighbours, which none of these writes: words by the specification, read by Prophesee's decoder.
words = [0x8 << 12 | 0, 0x6 << 12 | 100, 0x0 << 12 | 5, 0x3 << 12 | 1 << 11 | 10, 0x4 << 12 | 0b101000000111,
         0x4 << 12 | 0b000000000001, 0x5 << 12 | 0b10000001, 0x2 << 12 | 1 << 11 | 77, 0xA << 12 | 1,
         0x6 << 12 | 200, 0x0 << 12 | 90, 0x3 << 12 | 0 << 11 | 60, 0x5 << 12 | 0xFF, 0xE << 12 | 3, 0x7 << 12, 0xF << 12,
         0x8 << 12 | 4095, 0x6 << 12 | 4095, 0x2 << 12 | 3, 0x8 << 12 | 0, 0x2 << 12 | 4, 0x6 << 12 | 7, 0x2 << 12 | 5]
text = b"% evt 3.0\n% format EVT3;height=128;width=128\n% end\n"
# A column before the first word of upper bits of the time is left out.
(OUT / "runs_evt3.raw").write_bytes(text + struct.pack(f"<{len(words) + 1}H", 0x2 << 12 | 9, *words))
subprocess.run([TOOLS / "evt3_decoder", OUT / "runs_evt3.raw", TOOLS / "runs.csv"], check=True)
found = np.loadtxt(TOOLS / "runs.csv", dtype=np.int64, delimiter=",", comments="%")
save_csv("runs.csv", dict(zip("xypt", found.T)))

# NumPy: Tonic's structs, others with names and types as found elsewhere, and SpikingJelly's arrays.
np.save(OUT / "tonic.npy", tonic.io.make_structured_array(base["x"], base["y"], base["t"], base["p"]))
padded = np.dtype([("p", "i1"), ("x", ">u2"), ("y", ">i4"), ("t", "f8")], align=True)
np.save(OUT / "padded.npy", structured(base, padded))
np.savez(OUT / "tonic.npz", tonic.io.make_structured_array(base["x"], base["y"], base["t"], base["p"]))
utils.np_savez(str(OUT / "spikingjelly"), **{k: v for k, v in base.items()})
order = np.random.default_rng(5).permutation(400)
np.savez_compressed(OUT / "unsorted.npz", **{k: v[order] for k, v in base.items()}, note=np.zeros(3))

# SHD: by h5py in one piece, by PyTables, which the published files are from, in packed chunks.
r = np.random.default_rng(7)
times = [np.sort(r.random(n)) for n in (5, 0, 300, 17)]
units = [r.integers(0, 700, len(t)).astype(np.uint16) for t in times]
labels = np.array([3, 1, 19, 1], np.uint16)
for bits, libver in ((16, "earliest"), (32, "earliest"), (64, "latest")):
    kind = np.dtype(f"f{bits // 8}")
    with h5py.File(OUT / f"h5py_f{bits}.h5", "w", libver=libver) as f:
        for name, rows_, of in (("times", times, kind), ("units", units, np.uint16)):
            d = f.create_dataset(f"spikes/{name}", (4,), dtype=h5py.vlen_dtype(of))
            for i, row in enumerate(rows_):
                d[i] = row
        f["labels"] = labels
pack = tables.Filters(complevel=5, complib="zlib", shuffle=True)
summed = tables.Filters(complevel=5, complib="zlib", shuffle=True, fletcher32=True)
with tables.open_file(str(OUT / "tables.h5"), "w") as f:
    spikes = f.create_group("/", "spikes")
    for name, rows_, atom in (("times", times, tables.Float16Atom()), ("units", units, tables.UInt16Atom())):
        array = f.create_vlarray(spikes, name, atom, filters=pack)
        for row in rows_:
            array.append(row.astype(atom.dtype))
    f.create_carray("/", "labels", obj=labels, filters=summed)
    extra = f.create_group("/", "extra")
    f.create_array(extra, "speaker", obj=np.zeros(4, np.uint16))
with h5py.File(OUT / "h5py_f16.h5") as f:
    rows_ = [[i, u, round(float(t) * 1e6)] for i in range(4)
             for t, u in zip(f["spikes/times"][i], f["spikes/units"][i])]
    np.savetxt(OUT / "shd_f16.csv", rows_, "%d", ",")
    number = shd._integrate_events_by_fixed_frames_number(
        {"t": f["spikes/times"][2], "x": f["spikes/units"][2]}, "number", 7, 700)
    (OUT / "shd_number_7.u8").write_bytes(number.astype(np.uint8).tobytes())
for bits in (32, 64):
    exact = [t.astype(f"f{bits // 8}") for t in times]
    rows_ = [[i, u, round(float(t) * 1e6)] for i in range(4) for t, u in zip(exact[i], units[i])]
    np.savetxt(OUT / f"shd_f{bits}.csv", rows_, "%d", ",")

# Frames of a small sensor by SpikingJelly and Tonic, and by the equations of Zhu et al. 2019.
small = recording(11, 1500, 100, 12, 10)
save_csv("frames.csv", small)


def frames(name, f):
    assert f.max() < 256 and np.array_equal(f, f.astype(np.uint8))
    (OUT / f"{name}.u8").write_bytes(f.astype(np.uint8).tobytes())


events = {k: v for k, v in small.items()}
for n in (1, 7, 16):
    for by in ("number", "time"):
        frames(f"sj_{by}_{n}", utils.integrate_events_by_fixed_frames_number(events, by, n, 10, 12))
span = int(small["t"][-1] - small["t"][0])
divisor = next(d for d in range(500, span) if span % d == 0)
for d in (4000, 7001, divisor):
    frames(f"sj_duration_{d}", utils.integrate_events_by_fixed_duration(events, d, 10, 12))
e = tonic.io.make_structured_array(small["x"], small["y"], small["t"], small["p"])
surface = tonic.functional.to_timesurface_numpy(e.copy(), (12, 10, 2), dt=4000, tau=2500.0, include_incomplete=True)
surface.astype("<f4").tofile(OUT / "tonic_surface_4000_2500.f4")
grid = np.zeros((6, 10, 12))
t = (6 - 1) * (small["t"] - small["t"][0]) / (small["t"][-1] - small["t"][0])
for b in range(6):
    weight = np.maximum(0, 1 - np.abs(b - t)) * (2 * small["p"] - 1)
    np.add.at(grid[b], (small["y"], small["x"]), weight)
grid.astype("<f4").tofile(OUT / "zhu_voxels_6.f4")
