// Follow one pixel: a Fire module at work on one cell of the picture. The module's numbers come once, as
// squeeze_core/figures/follow_pixel.py packs them; everything shown is multiplied here.

const LARGEST = 8; // products shown one by one
const SLIDE = 700; // milliseconds a cell while playing
const TITLES_OF = { squeeze: "squeeze 1×1", expand1x1: "expand 1×1", expand3x3: "expand 3×3" };
const TITLES = ["What comes in", "Squeeze", "Expand 1×1", "Expand 3×3", "Put together", "Pool", "conv10", "Mean"];

const make = (tag, attributes = {}, ...children) => {
  const svg = tag === "svg" || tag === "path" || tag === "rect";
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
};

const line = (kind, ...words) => make("p", { class: kind }, ...words);
const whole = (value) => value.toLocaleString("en");
const number = (value, digits = 3) =>
  Number(value.toPrecision(digits)).toLocaleString("en", { maximumFractionDigits: 6 }).replace("-", "−");
const exact = (value) => (value === 0 ? "0" : value.toPrecision(5).replace("-", "−"));
const bold = (value) => make("strong", {}, exact(value));
const signed = (value) => (value < 0 ? "− " : "+ ") + number(Math.abs(value));
const relu = (value) => Math.max(value, 0);
const sum = (values) => values.reduce((total, value) => total + value, 0);
const largest = (values) => values.reduce((best, value, place) => (value > values[best] ? place : best), 0);
const between = (value, low, high) => Math.min(Math.max(value, low), high);

// The header and the arrays, each a Float32Array with a method for one row.
const unpack = (bytes) => {
  const { buffer } = bytes.slice();
  const start = 4 + new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, start - 4)));
  const arrays = {};
  let at = start;
  for (const [name, shape] of header.arrays) {
    const width = shape.slice(1).reduce((total, side) => total * side, 1);
    const values = new Float32Array(buffer, at, shape[0] * width);
    arrays[name] = { values, row: (place, size = width) => values.subarray(place * size, (place + 1) * size) };
    at += values.byteLength;
  }
  return { header, arrays };
};

class Module {
  constructor(bytes) {
    Object.assign(this, unpack(bytes));
    const { grid, step, near, sizes, conv10 } = this.header;
    this.rows = Math.ceil(grid[0] / step);
    this.columns = Math.ceil(grid[1] / step);
    this.conv10Columns = Math.ceil(conv10.grid[1] / conv10.step);
    this.near = near.map((places) => new Map(places.map((place, index) => [place, index])));
    this.expands = Object.keys(sizes).slice(1);
  }

  // The squeezed numbers at that row and column of the module's own grid; null where there is padding.
  squeezed(row, column) {
    const [y, x] = [this.near[0].get(row), this.near[1].get(column)];
    if (y === undefined || x === undefined) return null;
    return this.arrays.squeeze.row(y * this.near[1].size + x, this.header.sizes.squeeze);
  }

  around(row, column) {
    return [-1, 0, 1].flatMap((y) => [-1, 0, 1].map((x) => this.squeezed(row + y, column + x)));
  }

  // The parts of one output: a product, or a sum of nine, for each input; and the bias.
  products(branch, place, row, column) {
    const weights = this.arrays[`${branch}/weight`].row(place);
    const bias = this.arrays[`${branch}/bias`].values[place];
    if (branch !== "expand3x3") {
      const inputs = branch === "squeeze" ? this.input(row, column) : this.squeezed(row, column);
      return { parts: Array.from(inputs, (value, i) => value * weights[i]), bias, inputs, weights };
    }
    const patch = this.around(row, column);
    const parts = Array.from({ length: this.header.sizes.squeeze }, (_, channel) =>
      sum(patch.map((values, i) => (values ? values[channel] * weights[9 * channel + i] : 0))),
    );
    return { parts, bias, patch, weights };
  }

  output(branch, place, row, column) {
    const { parts, bias } = this.products(branch, place, row, column);
    return relu(sum(parts) + bias);
  }

  index(row, column) {
    return (row / this.header.step) * this.columns + column / this.header.step;
  }

  input(row, column) {
    return this.arrays.input.row(this.index(row, column));
  }

  // The network's own values of a branch at a cell, one for each filter that is here.
  network(branch, row, column) {
    if (branch !== "squeeze") return this.arrays[branch].row(this.index(row, column));
    const values = this.squeezed(row, column);
    return Float32Array.from(this.header.channels.squeeze, (channel) => values[channel]);
  }

  // The network's values of one channel at every cell shown.
  map(branch, place) {
    return Float32Array.from({ length: this.rows * this.columns }, (_, cell) => {
      const [row, column] = this.cell(cell);
      return (branch === "input" ? this.input(row, column) : this.network(branch, row, column))[place];
    });
  }

  address(branch, place) {
    return `${this.header.module}/${branch}/${this.header.channels[branch][place]}`;
  }

  cell(index) {
    const { step } = this.header;
    return [Math.floor(index / this.columns) * step, (index % this.columns) * step];
  }
}

class View {
  constructor(root) {
    Object.assign(this, { root, step: 0, hover: null, timer: 0, image: new Image() });
    this.canvas = make("canvas", {
      tabindex: 0,
      role: "application",
      "aria-label": "The picture as the network sees it. Arrow keys choose a cell.",
      "aria-describedby": "where",
      "data-keep": "picture",
      keydown: (event) => this.move(event),
      pointermove: (event) => event.pointerType === "mouse" && this.point(event, "hover"),
      pointerleave: () => this.set({ hover: null }),
      click: (event) => this.point(event, "chosen"),
    });
    this.where = make("p", { id: "where", class: "where" });
    this.right = make("div", { class: "step" });
    root.replaceChildren(
      make("div", { class: "follow" }, make("div", { class: "left" }, this.canvas, this.where), this.right),
    );
    this.image.onload = () => this.picture();
  }

  show(bytes) {
    const module = new Module(bytes);
    const { unit, channels, picture } = module.header;
    // A rerun of the page that changed nothing here leaves the choices as they are.
    const key = JSON.stringify(module.header);
    if (key === this.key) return;
    this.key = key;
    const [branch, channel] = unit;
    this.module = module;
    this.image.src = picture;
    this.hover = null;
    const place = channels[branch].indexOf(channel);
    this.chosen = module.cell(largest(module.map(branch, place)));
    this.channel = { input: largest(module.input(...this.chosen)) };
    for (const name of Object.keys(channels)) this.channel[name] = largest(module.network(name, ...this.chosen));
    this.channel[branch] = place;
    this.last = branch === "squeeze" ? module.expands.at(-1) : branch;
    this.draw();
  }

  set(changes) {
    Object.assign(this, changes);
    this.draw();
  }

  go(step) {
    this.set({ step: between(step, 0, TITLES.length - 1) });
  }

  choose(branch, place, step = this.step) {
    this.channel[branch] = place;
    if (branch.startsWith("expand")) this.last = branch;
    this.go(step);
  }

  get cell() {
    return this.hover ?? this.chosen;
  }

  // Steps 7 and 8 have conv10's grid, all others the module's.
  get field() {
    const { fields, grid, step, conv10 } = this.module.header;
    const field = this.step > 5 ? fields.conv10 : fields.input;
    const size = this.step > 5 ? conv10.grid : grid;
    return { ...field, grid: size, step: this.step > 5 ? 1 : step, first: field.start + field.size / 2 };
  }

  // The cell of conv10's grid under the chosen one, of those whose numbers are here.
  get conv10Cell() {
    const { fields, conv10 } = this.module.header;
    const [from, to] = [fields.input, fields.conv10];
    return this.cell.map((place, axis) => {
      const pixel = from.start + from.size / 2 + place * from.stride;
      const nearest = Math.round((pixel - to.start - to.size / 2) / to.stride / conv10.step);
      return conv10.step * between(nearest, 0, Math.ceil(conv10.grid[axis] / conv10.step) - 1);
    });
  }

  point(event, which) {
    const { side, fields, grid, step } = this.module.header;
    const box = this.canvas.getBoundingClientRect();
    const place = (pixel, length, count) => {
      const at = ((pixel / length) * side - fields.input.start - fields.input.size / 2) / fields.input.stride;
      return step * between(Math.round(at / step), 0, Math.ceil(count / step) - 1);
    };
    const row = place(event.clientY - box.top, box.height, grid[0]);
    const column = place(event.clientX - box.left, box.width, grid[1]);
    this.set({ [which]: [row, column] });
  }

  move(event) {
    const way = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!way) return;
    event.preventDefault();
    const { grid, step } = this.module.header;
    const last = grid.map((count) => step * (Math.ceil(count / step) - 1));
    this.set({ hover: null, chosen: this.chosen.map((at, axis) => between(at + step * way[axis], 0, last[axis])) });
  }

  play() {
    const { grid, step } = this.module.header;
    const slide = () => {
      const [row, column] = this.chosen;
      const next = column + step < grid[1] ? [row, column + step] : [row + step < grid[0] ? row + step : 0, 0];
      if (this.root.isConnected) this.set({ hover: null, chosen: next });
      else clearInterval(this.timer);
    };
    if (this.timer) clearInterval(this.timer);
    // Where less motion is asked for, each press moves one cell.
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.timer = this.timer || still ? 0 : setInterval(slide, SLIDE);
    still ? slide() : this.draw();
  }

  draw() {
    const kept = this.root.activeElement ?? this.root.getRootNode().activeElement;
    const key = kept?.dataset?.keep;
    this.picture();
    this.right.replaceChildren(this.controls(), ...this.body());
    if (key && !kept.isConnected) this.right.querySelector(`[data-keep="${key}"]`)?.focus({ preventScroll: true });
  }

  picture() {
    const { canvas, field } = this;
    const { side, fields } = this.module.header;
    const style = getComputedStyle(this.root);
    const accent = style.getPropertyValue("--st-primary-color") || "#c74b08";
    const scale = (2 * 360) / side;
    canvas.width = canvas.height = 2 * 360;
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    pen.drawImage(this.image, 0, 0, side, side);
    pen.fillStyle = "rgb(0 0 0 / 0.3)";
    pen.fillRect(0, 0, side, side);
    const { values, rows, columns } = this.shownMap();
    const most = Math.max(...values) || 1;
    const pitch = field.stride * field.step;
    const corner = (place) => field.first + place * pitch - pitch / 2;
    pen.fillStyle = accent;
    values.forEach((value, i) => {
      pen.globalAlpha = 0.75 * (value / most);
      pen.fillRect(corner(i % columns), corner(Math.floor(i / columns)), pitch, pitch);
    });
    pen.globalAlpha = 0.25;
    pen.strokeStyle = "#fff";
    pen.lineWidth = 0.4;
    pen.beginPath();
    for (let i = 0; i <= columns; i++) pen.rect(corner(i), corner(0), 0, rows * pitch);
    for (let i = 0; i <= rows; i++) pen.rect(corner(0), corner(i), columns * pitch, 0);
    pen.stroke();
    pen.globalAlpha = 1;
    const cell = this.step > 5 ? this.conv10Cell : this.cell;
    const seen = fields[["input", "input", "input", "output", "output", "pool"][this.step] ?? "conv10"];
    const middle = cell.map((place) => field.first + place * field.stride);
    const outline = (size, colour, width) => {
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.strokeRect(middle[1] - size / 2, middle[0] - size / 2, size, size);
    };
    for (const [size, colour] of [[seen.size, accent], [field.stride, "#fff"]]) {
      outline(size, "#000", 3.2);
      outline(size, colour === accent ? "#fff" : accent, 1.8);
    }
    const { grid, step } = this.module.header;
    const every = step > 1 ? `; every ${["", "", "second", "third"][step] ?? `${step}th`} one is offered` : "";
    const [row, column] = this.step > 5 ? cell : this.cell;
    const of = this.step > 5 ? this.module.header.conv10.grid : grid;
    const whole = seen.size >= side ? "the whole picture" : `${seen.size} × ${seen.size} pixels`;
    this.where.textContent =
      `Row ${row}, column ${column} of ${of.join(" × ")}${this.step > 5 ? "" : every}. ` +
      `The outer square is what it sees: ${whole}.`;
  }

  shownMap() {
    const { module, channel, last } = this;
    const { conv10 } = module.header;
    if (this.step > 5) return { values: module.arrays.conv10.values, rows: conv10.grid[0], columns: conv10.grid[1] };
    const branch = ["input", "squeeze", "expand1x1", "expand3x3"][this.step] ?? last;
    const here = branch === "input" || module.header.sizes[branch] ? branch : last;
    return { values: module.map(here, channel[here]), rows: module.rows, columns: module.columns };
  }

  controls() {
    const button = (keep, sign, click, disabled = false, label = keep) =>
      make("button", { "aria-label": label, "data-keep": keep, disabled, click }, sign);
    const [sign, label] = this.timer ? ["❚❚", "Pause"] : ["▶", "Slide over the picture"];
    const to = (step) => [() => this.go(step), !(step in TITLES)];
    const numbers = TITLES.map((title, step) =>
      make(
        "button",
        {
          class: "number",
          title,
          "aria-label": `Step ${step + 1}: ${title}`,
          "aria-current": step === this.step ? "step" : false,
          "data-keep": `step-${step}`,
          click: () => this.go(step),
        },
        `${step + 1}`,
      ),
    );
    return make(
      "div",
      { class: "controls" },
      button("Previous step", "‹", ...to(this.step - 1)),
      button("play", sign, () => this.play(), false, label),
      button("Next step", "›", ...to(this.step + 1)),
      make("h2", {}, `${this.step + 1}. ${TITLES[this.step]}`),
      make("div", { class: "numbers" }, ...numbers),
    );
  }

  body() {
    const { header } = this.module;
    const { sizes, module, reads, inputs } = header;
    const [inCount, count] = [inputs.length, sizes.squeeze];
    const branch = Object.keys(TITLES_OF)[this.step - 1];
    const sentences = [
      `Each of the ${count} filters multiplies the ${inCount} numbers from ${reads} with its own weights and adds ` +
        `them up. ${inCount} numbers become ${count}.`,
      `${sizes.expand1x1} filters do the same with the ${count} squeezed numbers of this cell.`,
      `${sizes.expand3x3} filters also see the eight cells around: 9 × ${count} numbers. ▶ slides the window.`,
    ];
    if (this.step === 0) return this.comesIn();
    if (branch && !sizes[branch]) return this.said(`${module} has no filters ${TITLES_OF[branch]}.`);
    if (branch) return this.multiply(branch, sentences[this.step - 1]);
    return [this.together, this.pool, this.conv10, this.mean][this.step - 4].call(this);
  }

  said(sentence, ...parts) {
    return [line("sentence", sentence), ...parts];
  }

  // One bar for each channel; a click, or an arrow key, chooses one.
  bars(values, { branch, chosen, name, pick, split = values.length, tall = true }) {
    const most = Math.max(...values) || 1;
    const bar = (place) => `M${place + 0.1} 30v${(-30 * values[place]) / most}h.8V30`;
    const path = (from, to, colour) =>
      make("path", { class: colour, d: Array.from(values.slice(from, to), (_, i) => bar(from + i)).join("") });
    const select = (place) => pick(between(place, 0, values.length - 1));
    const label = `${name(chosen)}: ${number(values[chosen])}`;
    const lit = Math.max(1, values.length / 80); // a bar of 512 is too thin to be seen
    const strip = make(
      "svg",
      {
        viewBox: `0 0 ${values.length} 30`,
        preserveAspectRatio: "none",
        tabindex: 0,
        role: "slider",
        "aria-label": "Channel",
        "aria-valuemin": 0,
        "aria-valuemax": values.length - 1,
        "aria-valuenow": chosen,
        "aria-valuetext": label,
        "data-keep": `bars-${branch}`,
        click: (event) => {
          const box = strip.getBoundingClientRect();
          select(Math.floor(((event.clientX - box.left) / box.width) * values.length));
        },
        keydown: (event) => {
          const to = { ArrowRight: chosen + 1, ArrowLeft: chosen - 1, Home: 0, End: values.length - 1 }[event.key];
          if (to === undefined) return;
          event.preventDefault();
          select(to);
        },
      },
      make("rect", { class: "lit", x: chosen + 0.5 - lit / 2, y: 0, width: lit, height: 30 }),
      path(0, split, "plain"),
      path(split, values.length, "other"),
      path(chosen, chosen + 1, "chosen"),
    );
    const opens = /\/(squeeze|expand)/.test(name(chosen)) && branch !== "output";
    const click = () => this.open(name(chosen));
    const open = make("button", { class: "open", "data-keep": "open", click }, "Open this channel");
    return make("div", { class: tall ? "tall bars" : "bars" }, strip, make("p", {}, label, opens ? open : ""));
  }

  // The largest products one by one, then the others together and the bias, as signed bars.
  list(parts, bias, { name, words, open }) {
    const order = parts.map((_, i) => i).sort((a, b) => Math.abs(parts[b]) - Math.abs(parts[a]));
    const shown = order.slice(0, LARGEST);
    const rest = order.slice(LARGEST);
    const rows = shown.map((i) => [name(i), words(i), parts[i], () => open(i)]);
    if (rest.length) rows.push([`the other ${rest.length}`, "", sum(rest.map((i) => parts[i]))]);
    rows.push(["bias", "", bias]);
    const most = Math.max(...rows.map((row) => Math.abs(row[2]))) || 1;
    const drawn = rows.map(([title, text, value, click], place) => {
      const bar = make("i", { class: value < 0 ? "minus" : "plus", style: `--share: ${Math.abs(value) / most}` });
      const cells = [make("b", {}, title), make("span", {}, text), make("u", {}, bar), make("em", {}, signed(value))];
      if (!click) return make("div", { class: "row" }, ...cells);
      const label = `Open ${title}: ${number(value)}`;
      return make("button", { class: "row", "data-keep": `row-${place}`, "aria-label": label, click }, ...cells);
    });
    return make("div", { class: "list" }, ...drawn);
  }

  equation(parts, bias) {
    const order = [...parts].sort((a, b) => Math.abs(b) - Math.abs(a));
    const [few, rest] = [sum(order.slice(0, LARGEST)), sum(order.slice(LARGEST))];
    const total = sum(parts) + bias;
    const result = total > 0 ? [bold(total), " → ReLU → same"] : [make("s", {}, exact(total)), " → ReLU → 0"];
    const others = order.length > LARGEST ? ` ${signed(rest)}` : "";
    return line("equation", `${number(few)}${others} ${signed(bias)} = `, ...result);
  }

  check(computed, network) {
    const same = Math.abs(computed - network) <= 1e-4 * Math.max(1, Math.abs(network));
    const words = `Computed here ${exact(computed)}, the network’s ${exact(network)}.`;
    return make("p", { class: "check", role: "status" }, `${same ? "✓" : "≠"} ${words}`);
  }

  comesIn() {
    const { inputs, reads } = this.module.header;
    const values = this.module.input(...this.cell);
    const zeros = values.filter((value) => value === 0).length;
    const most = number(values[largest(values)], 5);
    return this.said(
      `This cell of ${reads} holds ${inputs.length} numbers, one for each channel: how strongly each responds here.`,
      this.bars(values, {
        branch: "input",
        chosen: this.channel.input,
        name: (place) => inputs[place],
        pick: (place) => this.choose("input", place),
      }),
      line("equation", `x = ${inputs.length} numbers: the largest is ${most}, ${zeros} are 0.`),
      line(
        "sentence",
        "A Fire module first squeezes them: a few 1×1 filters make few numbers of many. Then it expands those " +
          "again, with 1×1 and with 3×3 filters, and puts both results one behind the other (concat). " +
          "3×3 filters cost nine times as much as 1×1 filters, so they read the few numbers.",
      ),
    );
  }

  multiply(branch, sentence) {
    const { module, cell, channel } = this;
    const { header } = module;
    const place = channel[branch];
    const squeeze = branch === "squeeze";
    const values = module.network(branch, ...cell);
    const { parts, bias, inputs, weights, patch } = module.products(branch, place, ...cell);
    const name = (at) => module.address(branch, at);
    const list = this.list(parts, bias, {
      name: (i) => (squeeze ? header.inputs[i] : `squeeze ${i}`),
      words: (i) => (inputs ? `${number(inputs[i])} × ${number(weights[i])}` : "9 products"),
      open: (i) => {
        const at = squeeze ? i : header.channels.squeeze.indexOf(i);
        if (at >= 0) this.choose(squeeze ? "input" : "squeeze", at, squeeze ? 0 : 1);
      },
    });
    const pick = (at) => this.choose(branch, at);
    const strip = this.bars(values, { branch, chosen: place, name, tall: false, pick });
    const drawing = patch ? make("div", { class: "pair" }, this.window(parts, patch, weights), list) : list;
    return this.said(
      sentence,
      strip,
      drawing,
      this.equation(parts, bias),
      this.check(relu(sum(parts) + bias), values[place]),
    );
  }

  // The nine numbers and the nine weights of the squeeze channel that contributes most.
  window(parts, patch, weights) {
    const best = largest(parts.map(Math.abs));
    const tile = (value) => make("span", { class: value === null && "padding" }, number(value ?? 0, 2));
    const nine = (values) => make("div", { class: "nine" }, ...values.map(tile));
    return make(
      "div",
      { class: "window" },
      make("p", {}, `squeeze ${best}, here and around`),
      nine(patch.map((values) => values && values[best])),
      make("p", {}, "× its weights"),
      nine(Array.from(weights.subarray(9 * best, 9 * best + 9))),
      make("p", {}, `= ${number(parts[best])} in sum`),
    );
  }

  together() {
    const { module, cell, channel, last } = this;
    const { sizes, inputs, bypass } = module.header;
    const lists = module.expands.map((branch) => module.network(branch, ...cell));
    const values = Float32Array.from(lists.flatMap((list) => Array.from(list)));
    const counts = module.expands.map((branch) => sizes[branch]);
    const [e1, e3] = [sizes.expand1x1 ?? 0, sizes.expand3x3 ?? 0];
    const fire = sizes.squeeze * (inputs.length + e1 + 9 * e3);
    const plain = 9 * inputs.length * (e1 + e3);
    const split = lists[0].length;
    const of = (place) => (place < split ? [module.expands[0], place] : [module.expands[1], place - split]);
    const chosen = last === module.expands[0] ? channel[last] : split + channel[last];
    const name = (place) => module.address(...of(place));
    const pick = (place) => this.choose(...of(place));
    return this.said(
      `The output for this cell is both lists, one behind the other: ${counts.join(" + ")} = ${sum(counts)} numbers.` +
        (bypass ? " A bypass then adds the input to it." : ""),
      this.bars(values, { branch: "output", chosen, name, pick, split }),
      line("key", make("i"), "expand 1×1 ", make("i", { class: "other" }), "expand 3×3"),
      line(
        "equation",
        `Multiplications for one cell: ${sizes.squeeze} × (${inputs.length} + ${e1} + 9 × ${e3}) = ${whole(fire)}. ` +
          `A plain 3×3 convolution: 9 × ${inputs.length} × ${e1 + e3} = ${whole(plain)}, ` +
          `${number(plain / fire, 2)} times as many.`,
      ),
    );
  }

  pool() {
    const { module, last, channel } = this;
    const { header } = module;
    if (!header.pool) return this.said(`No pool follows ${header.module}: the next layer reads all its cells.`);
    const sentence = `${header.pool} keeps the largest of 3 × 3 cells, at every second cell: half as high and wide.`;
    if (header.bypass) return this.said(sentence);
    const ends = header.grid.map((side) => Math.floor(side / 2) - 1);
    const [top, left] = this.cell.map((place, axis) => 2 * Math.min(Math.floor(place / 2), ends[axis]));
    const places = [0, 1, 2].flatMap((y) => [0, 1, 2].map((x) => [top + y, left + x]));
    const inside = ([row, column]) => row < header.grid[0] && column < header.grid[1];
    const values = places.map((at) => (inside(at) ? module.output(last, channel[last], ...at) : null));
    const most = Math.max(...values);
    const start = last === module.expands[0] ? 0 : header.channels[module.expands[0]].length;
    const pooled = module.arrays.pool.row(module.index(...this.cell))[start + channel[last]];
    const kind = (value) => (value === null ? "padding" : value === most && "most");
    const tiles = values.map((value) => make("span", { class: kind(value) }, value === null ? "" : number(value)));
    const where = `rows ${top} to ${top + 2}, columns ${left} to ${left + 2}`;
    return this.said(
      sentence,
      line("", `${module.address(last, channel[last])} at ${where}:`),
      make("div", { class: "nine large" }, ...tiles),
      line("equation", `max of ${places.filter(inside).length} numbers = `, bold(most)),
      this.check(most, pooled),
    );
  }

  conv10() {
    const { module } = this;
    const { conv10 } = module.header;
    const [row, column] = this.conv10Cell;
    const inputs = module.arrays.features.row((row / conv10.step) * module.conv10Columns + column / conv10.step);
    const weights = module.arrays["conv10/weight"].values;
    const bias = module.arrays["conv10/bias"].values[0];
    const parts = Array.from(inputs, (value, i) => value * weights[i]);
    const list = this.list(parts, bias, {
      name: (i) => conv10.inputs[i],
      words: (i) => `${number(inputs[i])} × ${number(weights[i])}`,
      open: (i) => /\/expand/.test(conv10.inputs[i]) && this.open(conv10.inputs[i]),
    });
    return this.said(
      `conv10 has a filter for each class. That of “${conv10.class}” multiplies the ${inputs.length} numbers of ` +
        `${conv10.reads} here.`,
      list,
      this.equation(parts, bias),
      this.check(relu(sum(parts) + bias), module.arrays.conv10.values[row * conv10.grid[1] + column]),
    );
  }

  mean() {
    const { conv10 } = this.module.header;
    const values = Array.from(this.module.arrays.conv10.values);
    const mean = sum(values) / values.length;
    const percent = (100 * conv10.probability).toFixed(1);
    return this.said(
      `The map over the picture is conv10’s for “${conv10.class}”. Its mean is the score of that class.`,
      line("equation", `y = f(x; W): mean of ${conv10.grid.join(" × ")} = ${values.length} numbers = `, bold(mean)),
      line("", `Softmax turns the ${whole(conv10.classes)} scores into probabilities: ${percent} % for this class.`),
      this.check(mean, conv10.score),
    );
  }
}

const views = new WeakMap();

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const view = views.get(root) ?? new View(root);
  views.set(root, view);
  view.open = (name) => setTriggerValue("opened", name);
  view.show(data);
  return () => clearInterval(view.timer);
}
