// A click on a box, or Enter, chooses it; arrow keys go from box to box.
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
const boxes = () => [...document.querySelectorAll(".detection[data-number]")];
let focused = null; // the box with the focus, which a new drawing of the picture would lose

export default function ({ setTriggerValue }) {
  const listening = new AbortController();
  const listen = (name, act) =>
    document.addEventListener(
      name,
      (event) => {
        const box = event.target.closest?.(".detection[data-number]");
        if (box) act(box, event);
      },
      { signal: listening.signal },
    );
  const choose = (box) => setTriggerValue("box", Number(box.dataset.number));
  listen("click", choose);
  listen("focusin", (box) => (focused = box.dataset.number));
  listen("keydown", (box, event) => {
    const step = STEPS[event.key];
    if (!step && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    if (!step) return choose(box);
    const all = boxes();
    all[(all.indexOf(box) + step + all.length) % all.length].focus();
  });
  if (document.activeElement === document.body) boxes().find((box) => box.dataset.number === focused)?.focus();
  return () => listening.abort();
}
