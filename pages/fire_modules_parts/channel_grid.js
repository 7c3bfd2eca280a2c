// Every channel of a branch as a tile: a click chooses one, as do the arrow keys with Enter.
const SVG = "http://www.w3.org/2000/svg";

const draw = (svg, tag, attributes, text = "") => {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  svg.append(node);
  return node;
};

export default function ({ parentElement, data, setTriggerValue }) {
  const { columns, rows, channels, words, chosen, off } = data;
  const grid = parentElement.querySelector(".grid");
  const svg = grid.querySelector("svg");
  const status = parentElement.querySelector(".status");
  grid.querySelector("img").src = data.picture;
  svg.setAttribute("viewBox", `0 0 ${columns} ${rows}`);
  svg.replaceChildren();
  channels.forEach((channel, place) => {
    const [x, y] = [place % columns, Math.floor(place / columns)];
    draw(svg, "text", { x: x + 0.05, y: y + 0.27 }, channel);
    if (off.includes(channel)) draw(svg, "path", { class: "off", d: `M${x + 0.2} ${y + 0.2}l.6 .6m0 -.6l-.6 .6` });
  });
  const mark = (name, place) => {
    const at = { x: (place % columns) + 0.02, y: Math.floor(place / columns) + 0.02 };
    return draw(svg, "rect", { class: name, ...at, width: 0.94, height: 0.94 });
  };
  if (channels.includes(chosen)) mark("chosen", channels.indexOf(chosen));

  let at = Math.max(0, channels.indexOf(chosen));
  let cursor;
  const point = (place) => {
    if (!(place in channels)) return;
    at = place;
    cursor?.remove();
    cursor = mark("cursor", at);
    status.textContent = words[at];
  };
  const placeOf = (event) => {
    const box = grid.getBoundingClientRect();
    const part = (position, length, count) => Math.min(Math.floor((position / length) * count), count - 1);
    const row = part(event.clientY - box.top, box.height, rows);
    return row * columns + part(event.clientX - box.left, box.width, columns);
  };
  grid.setAttribute("aria-label", `${channels.length} maps, the strongest first. Arrow keys and Enter choose.`);
  grid.onpointermove = (event) => point(placeOf(event));
  grid.onclick = (event) => placeOf(event) in channels && setTriggerValue("chosen", channels[placeOf(event)]);
  grid.onpointerleave = grid.onblur = () => {
    cursor?.remove();
    status.textContent = words[channels.indexOf(chosen)] ?? "";
  };
  grid.onfocus = () => point(at);
  grid.onkeydown = (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    if (event.key === "Enter" || event.key === " ") setTriggerValue("chosen", channels[at]);
    else if (event.key in steps) point(at + steps[event.key]);
    else return;
    event.preventDefault();
  };
  status.textContent = words[channels.indexOf(chosen)] ?? "";
  parentElement.querySelector(".end").textContent = data.end;
  parentElement.querySelector(".scale i").style.background = `linear-gradient(to right, ${data.colours.join(",")})`;
}
