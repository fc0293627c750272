"use strict";

// Most steps that are run before results are read.
const ROWS = 16;

// A neuron's forward kernel for so many neurons, run step by step. How entries are called stands in the
// book's page on the ABI; this is all of it that one entry needs.
class Kernel {
  // `lanes` is a multiple of 64, so that each step's row begins where a binding may.
  constructor(device, manifest, wgsl, lanes) {
    this.device = device;
    this.entry = manifest.entries.forward;
    this.lanes = lanes;
    this.rowBytes = 4 * lanes;
    this.memories = new Map();
    this.bindings = new Map();
    this.allocate();
    const module = device.createShaderModule({ code: wgsl });
    this.layout = this.bindGroupLayout();
    this.pipeline = device.createComputePipeline({
      layout: device.createPipelineLayout({ bindGroupLayouts: [this.layout] }),
      compute: { module, entryPoint: this.entry.symbol, constants: this.constants(wgsl) },
    });
    this.first = this.bindGroups(this.uniform(0));
    this.later = this.bindGroups(this.uniform(this.givenStates()));
    this.recorded = this.entry.buffers.filter((b) => b.role === "output" || b.role === "state_out");
    this.history = this.recorded.map(() => this.buffer(ROWS * this.rowBytes));
    this.isFresh = true;
  }

  // Quotients and roots by whole numbers, which are correctly rounded whatever the driver does.
  constants(wgsl) {
    const all = { quotients_by: 2, roots_by: 1 };
    return Object.fromEntries(Object.entries(all).filter(([n]) => wgsl.includes(`override ${n}:`)));
  }

  buffer(size) {
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const usage = STORAGE | COPY_SRC | COPY_DST;
    return this.device.createBuffer({ size: Math.max(size, 16), usage });
  }

  // The sizes of a step in which each neuron is a channel of its own.
  sizes() {
    return { T: 1, N: this.lanes, C: this.lanes, S: 1, M: this.lanes };
  }

  // Elements of a buffer in one step.
  count(buffer) {
    const sizes = { ...this.sizes(), 1: 1 };
    return buffer.shape.reduce((product, size) => {
      if (!(size in sizes)) throw new Error(`${buffer.name} has the unknown size ${size}`);
      return product * sizes[size];
    }, 1);
  }

  // Whether a buffer has a row for each step that is run before results are read.
  hasRows(buffer) {
    return buffer.role === "input" && buffer.shape[0] === "T";
  }

  // Buffers that share a binding lie behind each other in one; the others have one each.
  allocate() {
    const sizes = new Map();
    for (const buffer of this.entry.buffers) {
      const { index, offset } = buffer.binding;
      const start = sizes.get(index) ?? 0;
      const words = this.count(buffer) * (this.hasRows(buffer) ? ROWS : 1);
      this.memories.set(buffer.name, { index, start, words, shares: offset });
      sizes.set(index, start + 4 * words);
    }
    for (const [index, size] of sizes) this.bindings.set(index, this.buffer(size));
  }

  // Every binding of the manifest, whether the code uses it or not.
  bindGroupLayout() {
    const visibility = GPUShaderStage.COMPUTE;
    const entries = [{ binding: 0, visibility, buffer: { type: "uniform" } }];
    for (const index of this.bindings.keys()) {
      const { written } = this.entry.buffers.find((buffer) => buffer.binding.index === index);
      const type = written ? "storage" : "read-only-storage";
      entries.push({ binding: index, visibility, buffer: { type } });
    }
    return this.device.createBindGroupLayout({ entries });
  }

  givenStates() {
    const optional = this.entry.buffers.filter((buffer) => buffer.optional);
    return optional.reduce((mask, buffer, i) => mask | (buffer.role === "state_in" ? 1 << i : 0), 0);
  }

  uniform(given) {
    const scalars = { ...this.sizes(), given, first_lane: 0, zero: 0 };
    for (const { shares, start } of this.memories.values()) if (shares) scalars[shares] = start / 4;
    const words = this.entry.uniform.map((name) => {
      if (name.startsWith("stride.")) return this.lanes;
      if (!(name in scalars)) throw new Error(`the kernel asks for the unknown scalar ${name}`);
      return scalars[name];
    });
    const size = Math.ceil(words.length / 4) * 16;
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    const buffer = this.device.createBuffer({ size, usage });
    this.device.queue.writeBuffer(buffer, 0, new Uint32Array(words));
    return buffer;
  }

  // A bind group for each row.
  bindGroups(uniform) {
    return Array.from({ length: ROWS }, (_, row) => {
      const entries = [{ binding: 0, resource: { buffer: uniform } }];
      for (const [index, buffer] of this.bindings) {
        const member = this.entry.buffers.find((b) => b.binding.index === index);
        const resource = this.hasRows(member)
          ? { buffer, offset: row * this.rowBytes, size: this.rowBytes }
          : { buffer };
        entries.push({ binding: index, resource });
      }
      return this.device.createBindGroup({ layout: this.layout, entries });
    });
  }

  // Puts numbers into a buffer; those of several steps behind each other.
  write(name, numbers) {
    const { index, start } = this.memories.get(name);
    this.device.queue.writeBuffer(this.bindings.get(index), start, numbers);
  }

  // From the next step on, states are what the neuron begins with.
  restart() {
    this.isFresh = true;
  }

  // Runs steps, at most ROWS, over the inputs that were written, and returns what each output and state
  // was behind each step, by its buffer's name.
  async run(steps) {
    const encoder = this.device.createCommandEncoder();
    for (let row = 0; row < steps; row++) this.step(encoder, row);
    const bytes = steps * this.rowBytes;
    const size = bytes * this.history.length;
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const staging = this.device.createBuffer({ size, usage });
    this.history.forEach((rows, i) => encoder.copyBufferToBuffer(rows, 0, staging, i * bytes, bytes));
    this.device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const mapped = staging.getMappedRange();
    const found = {};
    this.recorded.forEach((buffer, i) => {
      const copy = mapped.slice(i * bytes, (i + 1) * bytes);
      found[buffer.name] = buffer.dtype === "i32" ? new Int32Array(copy) : new Float32Array(copy);
    });
    staging.destroy();
    return found;
  }

  step(encoder, row) {
    const groups = this.isFresh ? this.first : this.later;
    this.isFresh = false;
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.pipeline);
    pass.setBindGroup(0, groups[row]);
    pass.dispatchWorkgroups(Math.ceil(this.lanes / this.entry.block));
    pass.end();
    this.recorded.forEach((buffer, i) => {
      const from = this.memories.get(buffer.name);
      const source = this.bindings.get(from.index);
      const copy = (to, at) => encoder.copyBufferToBuffer(source, from.start, to, at, this.rowBytes);
      copy(this.history[i], row * this.rowBytes);
      if (buffer.role === "state_out") {
        const to = this.memories.get(buffer.name.replace(/^next\./, "state."));
        copy(this.bindings.get(to.index), to.start);
      }
    });
  }
}
