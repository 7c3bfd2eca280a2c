// A click on a box chooses it; the table does the same for people who do not use a mouse.
export default function ({ setTriggerValue }) {
  const choose = (event) => {
    const box = event.target.closest?.(".detection[data-number]");
    if (box) setTriggerValue("box", Number(box.dataset.number));
  };
  document.addEventListener("click", choose);
  return () => document.removeEventListener("click", choose);
}
