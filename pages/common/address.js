// Puts the page's address in the clipboard and says so; where that is not allowed, shows it to be copied.
export default function ({ parentElement, data }) {
  const said = parentElement.querySelector("span");
  parentElement.querySelector("button").onclick = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      said.textContent = ["Copied.", data.note].filter(Boolean).join(" ");
    } catch {
      said.textContent = [location.href, data.note].filter(Boolean).join(" ");
    }
  };
}
