// Copies the page's address, or shows it where the clipboard is not allowed. Before a reload that would lose the
// visitor's own pictures or networks, the browser asks.
const ask = (event) => event.preventDefault();

export default function ({ parentElement, data }) {
  const said = parentElement.querySelector("span");
  said.textContent = data.note;
  parentElement.querySelector("button").onclick = async () => {
    let done = "Copied.";
    try {
      await navigator.clipboard.writeText(location.href);
    } catch {
      done = location.href;
    }
    said.textContent = [done, data.note].filter(Boolean).join(" ");
  };
  window.onbeforeunload = data.own ? ask : null;
}
