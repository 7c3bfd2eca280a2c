// Draws the charts, goes from section to section with the arrow keys, and adapts charts to a dark screen and to paper.
const places = [...document.querySelectorAll("header, section")];
const charts = [...document.querySelectorAll(".chart")];
const ink = () => getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
const config = { displayModeBar: false, responsive: true };

for (const place of charts) {
  const { data, layout } = JSON.parse(place.querySelector("script").textContent);
  layout.font = { ...layout.font, color: ink(), family: "Helvetica, Arial, sans-serif" };
  if (matchMedia("(pointer: coarse)").matches) layout.dragmode = false; // a finger scrolls the page
  Plotly.newPlot(place, data, layout, config);
}
// Every chart takes its place's width and the colour of the text; done before this returns, as printing needs.
const dress = (color) => charts.forEach((chart) => Plotly.relayout(chart, { autosize: true, "font.color": color }));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => dress(ink()));
addEventListener("beforeprint", () => {
  document.body.classList.add("sheet");
  dress("#1b1f24");
});
addEventListener("afterprint", () => {
  document.body.classList.remove("sheet");
  dress(ink());
});

// The section whose top is nearest to the screen's.
const shown = () => {
  const far = places.map((place) => Math.abs(place.getBoundingClientRect().top));
  return far.indexOf(Math.min(...far));
};
const say = () => {
  document.getElementById("place").value = `${shown() + 1} / ${places.length}`;
};
const go = (number) => {
  const place = places[Math.max(0, Math.min(number, places.length - 1))];
  scrollTo(0, place.offsetTop); // not scrollIntoView, which would move the page around a frame too
  place.focus({ preventScroll: true });
  say();
};
addEventListener("scroll", say, { passive: true });
addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest(".scroll, summary")) return;
  const step = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }[event.key];
  const number = event.key === "Home" ? 0 : event.key === "End" ? places.length - 1 : step && shown() + step;
  if (number === undefined) return;
  event.preventDefault();
  go(number);
});
document.getElementById("back").onclick = () => go(shown() - 1);
document.getElementById("on").onclick = () => go(shown() + 1);
const whole = document.getElementById("whole");
whole.hidden = !document.fullscreenEnabled;
whole.onclick = async () => {
  const at = shown();
  await (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen());
  requestAnimationFrame(() => go(at));
};
say();
