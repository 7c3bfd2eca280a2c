// Shows a chart, names its parts when they are pointed or tabbed at, and saves it as a PNG.
const shown = new WeakMap();

const save = (root, name) => {
  const drawing = [...root.querySelectorAll("svg")].find((svg) => svg.getBoundingClientRect().width > 0);
  const copy = drawing.cloneNode(true);
  const style = getComputedStyle(root);
  const paper = style.getPropertyValue("--paper");
  for (const role of ["--ink", "--quiet", "--line", "--paper"]) {
    copy.style.setProperty(role, style.getPropertyValue(role));
  }
  copy.setAttribute("font-family", style.fontFamily);
  const { width, height } = drawing.viewBox.baseVal;
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement("canvas");
    canvas.width = 2 * width + 48;
    canvas.height = 2 * height + 48;
    const context = canvas.getContext("2d");
    context.fillStyle = paper;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 24, 24, 2 * width, 2 * height);
    const link = document.createElement("a");
    link.download = `${name}.png`;
    link.href = canvas.toDataURL("image/png");
    link.click();
  };
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(copy));
};

// The parts of a drawing that stand for something.
const parts = (drawing) => [...drawing.querySelectorAll("rect[aria-label], circle[aria-label]")];

const point = (root, part) => {
  const tip = root.querySelector(".tip");
  tip.textContent = part?.getAttribute("aria-label") ?? "";
  if (!part) return;
  const box = part.getBoundingClientRect();
  const place = root.getBoundingClientRect();
  const left = box.left - place.left + box.width / 2 - tip.offsetWidth / 2;
  tip.style.left = `${Math.max(0, Math.min(left, place.width - tip.offsetWidth))}px`;
  const above = box.top - place.top - tip.offsetHeight - 6;
  tip.style.top = `${above > 0 ? above : box.bottom - place.top + 6}px`;
};

const listen = (root) => {
  const part = (event) => event.target.closest("svg [tabindex]");
  // Where the mouse merely rests, what the keyboard points at stays named.
  const focused = () => root.getRootNode().activeElement?.closest("svg [tabindex]");
  root.addEventListener("pointerover", (event) => point(root, part(event) ?? focused()));
  root.addEventListener("pointerleave", () => point(root, focused()));
  root.addEventListener("focusin", (event) => point(root, part(event)));
  root.addEventListener("focusout", () => point(root, null));
  root.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step || !part(event)) return;
    event.preventDefault();
    const all = parts(event.target.closest("svg"));
    all[(all.indexOf(event.target) + step + all.length) % all.length].focus();
  });
};

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".drawing");
  const text = JSON.stringify(data.drawings);
  if (shown.get(root) === text) return;
  if (!shown.has(root)) listen(root);
  shown.set(root, text);
  root.innerHTML =
    Object.entries(data.drawings)
      .map(([size, svg]) => `<div class="${size}">${svg}</div>`)
      .join("") + '<div class="tip"></div><div class="save"><button type="button">PNG</button></div>';
  root.querySelectorAll("title").forEach((title) => title.remove()); // ours shows at once, and on focus
  // One stop for the Tab key; the arrow keys go from part to part.
  for (const drawing of root.querySelectorAll("svg")) {
    parts(drawing).forEach((part, number) => part.setAttribute("tabindex", number ? "-1" : "0"));
  }
  const button = root.querySelector(".save button");
  button.setAttribute("aria-label", `Save ${data.name}.png`);
  button.onclick = () => save(root, data.name);
}
