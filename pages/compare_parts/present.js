// Slides on the whole screen: arrow keys, Home and End, a click on the right or left half; Escape ends it.
const FORWARD = ["ArrowRight", "ArrowDown", "PageDown", " ", "Enter"];
const BACK = ["ArrowLeft", "ArrowUp", "PageUp", "Backspace"];
const given = new WeakMap();

export default function ({ parentElement, data }) {
  const dialog = parentElement.querySelector("dialog");
  const known = given.has(dialog);
  given.set(dialog, data.slides);
  if (known) return;
  const stage = parentElement.querySelector(".stage");
  const spoken = parentElement.querySelector(".spoken");
  let at = 0;

  const show = (number) => {
    const slides = given.get(dialog);
    at = Math.max(0, Math.min(number, slides.length - 1));
    stage.innerHTML = slides[at].svg;
    spoken.textContent = `Slide ${at + 1} of ${slides.length}: ${slides[at].title}`;
  };
  const start = async () => {
    show(0);
    // Before the dialog, which would otherwise lie under the full screen. Where a browser refuses, the
    // dialog fills the window.
    await document.documentElement.requestFullscreen?.().catch(() => {});
    dialog.showModal();
    dialog.focus();
  };
  const leftFullScreen = () => {
    if (!document.fullscreenElement && dialog.open) dialog.close();
  };
  parentElement.querySelector(".start").addEventListener("click", start);
  stage.addEventListener("click", (event) => show(at + (event.clientX > innerWidth / 2 ? 1 : -1)));
  dialog.addEventListener("keydown", (event) => {
    const step = FORWARD.includes(event.key) ? at + 1 : BACK.includes(event.key) ? at - 1 : null;
    const place = event.key === "Home" ? 0 : event.key === "End" ? Infinity : step;
    if (place === null) return;
    event.preventDefault();
    show(place);
  });
  dialog.addEventListener("close", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    parentElement.querySelector(".start").focus();
  });
  document.addEventListener("fullscreenchange", leftFullScreen);
  return () => document.removeEventListener("fullscreenchange", leftFullScreen);
}
