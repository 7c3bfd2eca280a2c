// Puts the page's address in the clipboard and says so; where that is not allowed, shows it to be copied.
// Before a reload that would lose a person's own pictures, the browser asks.
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
