"use strict";

// Steps that the plots show.
const WINDOW = 200;
// Steps a picture.
const PACE = 2;
// The input at which most neurons of the field, whose threshold is 1, fire.
const CURRENT = 1.5;
// The draws of a run are the same each time it is begun again.
const SEED = 1;

const data = JSON.parse(document.getElementById("neuron-data").textContent);
// Neurons that are run.
const NEURONS = data.neurons;
const at = (id) => document.getElementById(id);

// The number of a neuron that there is.
function neuronAt(number) {
  return Math.max(0, Math.min(NEURONS - 1, number));
}

// Uniform numbers from 0 to 1: mulberry32, by Tommy Ettinger.
function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

// The number that a kernel reads of a param with a `via`: that whose map is the param.
function stored(param, number) {
  const low = param.range?.low ?? 0;
  const above = number - low;
  switch (param.via) {
    case "sigmoid":
      return Math.log(above / (param.range.high - number));
    case "softplus":
      return above > 30 ? above : Math.log(Math.expm1(above));
    case "exp":
      return Math.log(above);
    default:
      return number;
  }
}

// The numbers between which a param's slider moves, and what is allowed beside it.
function ends(range, value) {
  const reach = Math.max(4 * Math.abs(value), 2);
  const isWhole = range?.low != null && range?.high != null;
  const gap = isWhole ? (range.high - range.low) / 1000 : reach / 1000;
  const low = range?.low != null ? range.low + (range.low_closed ? 0 : gap) : value - reach;
  const high = range?.high != null ? range.high - (range.high_closed ? 0 : gap) : value + reach;
  return { low, high };
}

// A slider with a box for numbers, which also takes what lies beyond the slider's ends.
class Knob {
  constructor(parent, { name, value, low, high, allows = () => true, note = "", changed }) {
    Object.assign(this, { name, value, preset: value, allows, changed });
    const id = `knob-${name}`;
    const row = document.createElement("div");
    row.className = "knob";
    const label = document.createElement("label");
    label.htmlFor = id;
    label.textContent = name;
    this.box = input("number", { step: "any" });
    this.box.setAttribute("aria-label", `${name}, a number`);
    this.slider = input("range", { id, min: low, max: high, step: (high - low) / 1000 });
    row.append(label, this.box, this.slider);
    if (note) {
      const line = document.createElement("p");
      line.textContent = note;
      row.append(line);
    }
    this.slider.addEventListener("input", () => this.set(this.slider.valueAsNumber));
    this.box.addEventListener("input", () => this.set(this.box.valueAsNumber, this.box));
    parent.append(row);
    this.set(value);
  }

  set(value, from) {
    const isFine = Number.isFinite(value) && this.allows(value);
    this.box.setCustomValidity(isFine ? "" : "out of the param's range");
    if (!isFine) return;
    this.value = value;
    if (from !== this.box) this.box.value = Number(value.toPrecision(6));
    this.slider.value = value;
    this.changed(value);
  }
}

function input(type, properties) {
  return Object.assign(document.createElement("input"), { type, ...properties });
}

// The neurons, what drives them, and what they did of late.
class Run {
  constructor(kernel, manifest) {
    Object.assign(this, { kernel, manifest });
    this.levels = Object.fromEntries(manifest.inputs.map(({ name }) => [name, CURRENT]));
    // Params with a number for each step, which come in like inputs.
    this.stepped = {};
    this.spread = 0.5;
    this.noise = 0.2;
    this.restart();
  }

  restart() {
    this.kernel.restart();
    this.draw = generator(SEED);
    this.now = 0;
    this.kept = Object.fromEntries(
      this.kernel.recorded.map(({ name }) => [name, new Float32Array(WINDOW * NEURONS)]),
    );
  }

  // A row for each step: levels that grow from neuron to neuron, and what is drawn.
  rows(level, steps) {
    const rows = new Float32Array(steps * NEURONS);
    for (let i = 0; i < rows.length; i++) {
      const place = ((i % NEURONS) / (NEURONS - 1)) * 2 - 1;
      rows[i] = level * (1 + this.spread * place) + this.noise * (2 * this.draw() - 1);
    }
    return rows;
  }

  // Runs steps, at most ROWS; returns what came in and what came out.
  async forward(steps) {
    const inputs = {};
    for (const [name, level] of Object.entries(this.levels)) {
      inputs[name] = this.rows(level, steps);
      this.kernel.write(`input.${name}`, inputs[name]);
    }
    for (const [name, number] of Object.entries(this.stepped)) {
      this.kernel.write(`input.${name}`, new Float32Array(steps * NEURONS).fill(number));
    }
    const { kept } = this;
    const found = await this.kernel.run(steps);
    // What another run has begun in between is not mixed with this one.
    if (kept !== this.kept) return { inputs, found };
    for (const [name, rows] of Object.entries(found)) {
      kept[name].copyWithin(0, rows.length);
      kept[name].set(rows, kept[name].length - rows.length);
    }
    this.now += steps;
    return { inputs, found };
  }
}

// A canvas as large as it is shown, with margins for numbers; draws in units of the page.
class Plot {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.left = 44;
    this.bottom = 18;
    this.top = 8;
  }

  begin() {
    const { width, height } = this.canvas.getBoundingClientRect();
    const scale = window.devicePixelRatio || 1;
    const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
    if (this.canvas.width !== w || this.canvas.height !== h) {
      Object.assign(this.canvas, { width: w, height: h });
    }
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
    this.context.clearRect(0, 0, width, height);
    this.width = width - this.left - 6;
    this.height = height - this.bottom - this.top;
    const style = getComputedStyle(document.documentElement);
    this.colour = (name) => style.getPropertyValue(`--${name}`).trim();
    this.context.font = "12px system-ui, sans-serif";
  }

  // The numbers at the ends of the axes.
  axes(now, low, high) {
    const { context, left, top, width, height } = this;
    context.fillStyle = this.colour("faint");
    context.textAlign = "right";
    context.textBaseline = "top";
    context.fillText(high, left - 6, top);
    context.textBaseline = "bottom";
    context.fillText(low, left - 6, top + height);
    context.textBaseline = "top";
    context.fillText(`step ${now}`, left + width, top + height + 3);
    context.textAlign = "left";
    context.fillText(now >= WINDOW ? `${now - WINDOW}` : "", left, top + height + 3);
  }
}

// What each neuron gave, a point a step; stronger where the number is larger.
class Raster extends Plot {
  constructor(canvas) {
    super(canvas);
    this.pixels = document.createElement("canvas");
    Object.assign(this.pixels, { width: WINDOW, height: NEURONS });
  }

  draw(values, now, chosen) {
    this.begin();
    const ink = this.pixels.getContext("2d");
    const image = ink.createImageData(WINDOW, NEURONS);
    const [r, g, b] = channels(this.colour("ink"));
    const most = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
    for (let i = 0; i < values.length; i++) {
      const [step, neuron] = [Math.floor(i / NEURONS), i % NEURONS];
      const place = 4 * ((NEURONS - 1 - neuron) * WINDOW + step);
      image.data.set([r, g, b, (255 * Math.abs(values[i])) / most], place);
    }
    ink.putImageData(image, 0, 0);
    const { context, left, top, width, height } = this;
    const row = height / NEURONS;
    context.fillStyle = this.colour("line");
    context.fillRect(left, top + (NEURONS - 1 - chosen) * row, width, row);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.pixels, left, top, width, height);
    this.axes(now, "0", `${NEURONS - 1}`);
  }

  // The neuron at a point of the page.
  neuron(event) {
    const y = event.clientY - this.canvas.getBoundingClientRect().top - this.top;
    return neuronAt(NEURONS - 1 - Math.floor((y / this.height) * NEURONS));
  }
}

function channels(colour) {
  const number = parseInt(colour.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

// One neuron's number over time, with its threshold, and a tick where it gave something.
class Trace extends Plot {
  draw(values, output, now, chosen, threshold) {
    this.begin();
    const shown = [];
    for (let step = Math.max(0, WINDOW - now); step < WINDOW; step++) {
      shown.push(values[step * NEURONS + chosen]);
    }
    const finite = shown.filter(Number.isFinite);
    if (threshold !== undefined) finite.push(threshold);
    let [low, high] = [Math.min(0, ...finite), Math.max(0, ...finite)];
    if (low === high) [low, high] = [low - 1, high + 1];
    const { context, left, top, width, height } = this;
    const x = (step) => left + (width * (step + 0.5)) / WINDOW;
    const y = (value) => top + height * (1 - (value - low) / (high - low));
    if (threshold !== undefined) {
      context.strokeStyle = this.colour("hot");
      context.setLineDash([4, 4]);
      context.beginPath();
      context.moveTo(left, y(threshold));
      context.lineTo(left + width, y(threshold));
      context.stroke();
      context.setLineDash([]);
    }
    context.fillStyle = this.colour("hot");
    for (let step = 0; step < WINDOW; step++) {
      if (output[step * NEURONS + chosen] !== 0) context.fillRect(x(step) - 1, top - 5, 2, 7);
    }
    context.strokeStyle = this.colour("mark");
    context.lineWidth = 1.5;
    context.beginPath();
    shown.forEach((value, i) => {
      if (Number.isFinite(value)) context.lineTo(x(WINDOW - shown.length + i), y(value));
    });
    context.stroke();
    context.lineWidth = 1;
    this.axes(now, low.toPrecision(3), high.toPrecision(3));
  }
}

// A knob for each param that has one number at first; what is drawn stays as it was drawn.
function paramKnobs(parent, run) {
  const knobs = [];
  for (const param of run.manifest.params) {
    const elements = param.axis?.elements;
    const defaults = elements ?? [param.default];
    defaults.forEach((preset, i) => {
      const buffer = `param.${param.name}${elements ? `@${i}` : ""}`;
      const name = elements ? `${param.name}[${i}]` : param.name;
      if (typeof preset !== "number") {
        const line = document.createElement("p");
        line.textContent = `${name} is drawn, for each ${param.sharing}`;
        parent.append(line);
        const numbers = data.drawn[param.name].map((number) => stored(param, number));
        run.kernel.write(buffer, new Float32Array(numbers));
        return;
      }
      const changed = (value) => {
        const number = stored(param, value);
        if (param.axis === "steps") run.stepped[param.name] = number;
        else fill(run.kernel, buffer, number);
      };
      const note = param.sharing === "layer" ? "" : `the same for each ${param.sharing}`;
      const allows = (value) => isIn(param, value);
      const more = { ...ends(param.range, preset), allows, note, changed };
      knobs.push(new Knob(parent, { name, value: preset, ...more }));
    });
  }
  return knobs;
}

function fill(kernel, name, number) {
  const buffer = kernel.entry.buffers.find((buffer) => buffer.name === name);
  kernel.write(name, new Float32Array(kernel.count(buffer)).fill(number));
}

// Whether a param may be a number; the ends themselves have no number to be stored as.
function isIn({ range, via }, value) {
  if (!range) return true;
  const { low, high } = range;
  const isAbove = low == null || value > low || (value === low && range.low_closed && !via);
  const isBelow = high == null || value < high || (value === high && range.high_closed && !via);
  return isAbove && isBelow;
}

function inputKnobs(parent, run) {
  const names = Object.keys(run.levels);
  const knobs = names.map((name) => {
    const changed = (value) => (run.levels[name] = value);
    return new Knob(parent, { name, value: CURRENT, low: -5, high: 20, changed });
  });
  if (names.length === 0) {
    parent.textContent = "It has none.";
    return knobs;
  }
  const shared = [
    ["spread", "from the first neuron to the last, as a share", 0, 1],
    ["noise", "either way, new in each step", 0, 5],
  ];
  for (const [name, note, low, high] of shared) {
    const changed = (value) => (run[name] = value);
    const allows = (value) => value >= 0;
    knobs.push(new Knob(parent, { name, note, value: run[name], low, high, allows, changed }));
  }
  return knobs;
}

function choices(select, names, prefix) {
  for (const name of names) {
    select.append(new Option(name.slice(prefix.length), name));
  }
}

function fail(text) {
  at("message").textContent = text;
  at("message").hidden = false;
  at("main").hidden = true;
}

async function device() {
  if (!navigator.gpu) {
    const why = window.isSecureContext
      ? "This browser has no WebGPU, or it is switched off."
      : "Browsers have WebGPU only for pages that come through https or from this machine.";
    throw new Error(`${why} The neuron runs in a current Chrome, Edge, Safari or Firefox with a GPU.`);
  }
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error("This browser has WebGPU, but found no GPU that it can use.");
  const device = await adapter.requestDevice();
  device.lost.then(({ message }) => fail(`The GPU was lost: ${message} Load the page again.`));
  device.addEventListener("uncapturederror", ({ error }) => fail(`The GPU failed: ${error.message}`));
  return device;
}

async function start() {
  const kernel = new Kernel(await device(), data.manifest, data.wgsl, NEURONS);
  const run = new Run(kernel, data.manifest);
  at("main").hidden = false;
  at("about").textContent = data.about;
  at("program").textContent = data.program;
  const knobs = [...inputKnobs(at("inputs"), run), ...paramKnobs(at("params"), run)];
  const names = kernel.recorded.map(({ name }) => name);
  choices(at("output"), names.filter((name) => name.startsWith("output.")), "output.");
  choices(at("state"), names.filter((name) => name.startsWith("next.")), "next.");
  at("state").closest("figure").hidden = at("state").options.length === 0;
  at("neuron").max = NEURONS - 1;
  at("neuron").value = NEURONS >> 1;

  const [raster, trace] = [new Raster(at("raster")), new Trace(at("potential"))];
  const threshold = knobs.find(({ name }) => ["v_threshold", "v_th"].includes(name));
  const draw = () => {
    const chosen = neuronAt(at("neuron").valueAsNumber || 0);
    const values = run.kept[at("output").value];
    raster.draw(values, run.now, chosen);
    const active = values.reduce((sum, value) => sum + (value !== 0 ? 1 : 0), 0);
    const rate = active / (NEURONS * Math.max(1, Math.min(run.now, WINDOW)));
    at("rate").textContent = `${(100 * rate).toFixed(1)} % active`;
    if (at("state").value) {
      const isPotential = at("state").value === "next.v";
      const line = isPotential ? threshold?.value : undefined;
      trace.draw(run.kept[at("state").value], values, run.now, chosen, line);
    }
  };

  // One run at a time: what is asked for waits for what is under way.
  let last = Promise.resolve();
  const forward = (steps) => {
    last = last.catch(() => {}).then(() => run.forward(steps));
    return last;
  };
  let isRunning = true;
  const setRunning = (value) => {
    isRunning = value;
    at("run").textContent = value ? "Pause" : "Run";
  };
  const frame = async () => {
    if (isRunning) await forward(PACE);
    draw();
    requestAnimationFrame(() => frame().catch(({ message }) => fail(message)));
  };
  at("run").addEventListener("click", () => setRunning(!isRunning));
  at("step").addEventListener("click", () => {
    setRunning(false);
    forward(1).catch(({ message }) => fail(message));
  });
  at("restart").addEventListener("click", () => run.restart());
  at("defaults").addEventListener("click", () => knobs.forEach((knob) => knob.set(knob.preset)));
  at("raster").addEventListener("click", (event) => (at("neuron").value = raster.neuron(event)));
  at("raster").addEventListener("keydown", ({ key }) => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[key];
    if (by) at("neuron").value = neuronAt(at("neuron").valueAsNumber + by);
  });
  frame().catch(({ message }) => fail(message));

  // For scripts: so many steps from the start with the knobs as they are, as arrays of [steps, neurons].
  const record = async (steps) => {
    setRunning(false);
    await last.catch(() => {});
    run.restart();
    const all = { neurons: NEURONS, inputs: {}, outputs: {} };
    const join = (into, name, rows) => (into[name] = [...(into[name] ?? []), ...rows]);
    for (let done = 0; done < steps; done += ROWS) {
      const { inputs, found } = await forward(Math.min(ROWS, steps - done));
      for (const [name, rows] of Object.entries(inputs)) join(all.inputs, name, rows);
      for (const [name, rows] of Object.entries(found)) {
        if (name.startsWith("output.")) join(all.outputs, name.slice("output.".length), rows);
      }
    }
    draw();
    return all;
  };
  return { record };
}

window.snn = start();
window.snn.catch(({ message }) => fail(message));
