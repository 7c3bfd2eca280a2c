// The browser's part of every page: pictures pasted or dropped anywhere go to the tray's uploader, files that are too
// large are refused in a sentence, a chart's PNG button saves what is drawn, Back leads to the page before, and a
// phone's menu closes.

const OFFLINE = "Squeeze Lab does not answer. This page connects again as soon as its server is back.";

const hand = (files, input = document.querySelector('.st-key-tray input[type="file"]')) => {
  if (!input || files.length === 0) return false;
  const transfer = new DataTransfer();
  files.forEach((file) => transfer.items.add(file));
  input.files = transfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
};

// What Streamlit's containers cannot be told: the answer is read aloud when it changes, and a strip that scrolls
// takes the focus.
const ATTRIBUTES = { ".st-key-answer": ["role", "status"], ".st-key-fire-strip": ["tabindex", "0"] };

if (!window.squeezeLab) {
  window.squeezeLab = { hand };

  // A setting that a page puts in its own address replaces the address: Back leads to the page before.
  const push = history.pushState.bind(history);
  history.pushState = (state, title, address) => {
    const onePage = address != null && new URL(address, location.href).pathname === location.pathname;
    onePage ? history.replaceState(state, title, address) : push(state, title, address);
  };

  // On a phone the menu lies over the page, and stays there when a page was chosen.
  document.addEventListener("click", (event) => {
    if (innerWidth > 768 || !event.target.closest?.('[data-testid="stSidebarNavLink"]')) return;
    document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
  });

  // The chart's own button is out of sight, because it would lie over the chart's numbers; it is there once the
  // chart is drawn.
  const save = (name, until = Date.now() + 10_000) => {
    const own = document.querySelector(`.st-key-chart-${name} .modebar-btn`);
    if (own) own.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    else if (Date.now() < until) setTimeout(save, 100, name, until);
  };
  document.addEventListener(
    "click",
    (event) => {
      const name = event.target.closest?.('[class*="st-key-png-"]')?.className.match(/st-key-png-(\S+)/)?.[1];
      if (!name) return;
      event.preventDefault();
      event.stopPropagation();
      save(name);
    },
    { capture: true },
  );

  new MutationObserver(() => {
    for (const [place, attribute] of Object.entries(ATTRIBUTES))
      document.querySelector(place)?.setAttribute(...attribute);
  }).observe(document.body, { childList: true, subtree: true });

  // Streamlit's words for developers when the server is down; the text node stays, because React holds it.
  new MutationObserver(() => {
    for (const line of document.querySelectorAll('[role="dialog"] div')) {
      if (!/^(Is Streamlit|Streamlit server)/.test(line.firstChild?.data)) continue;
      line.firstChild.data = OFFLINE;
      if (line.nextElementSibling) line.nextElementSibling.style.display = "none";
    }
  }).observe(document.body, { childList: true, subtree: true });
}

export default function ({ data, setTriggerValue }) {
  const listening = new AbortController();
  const listen = (name, act) => document.addEventListener(name, act, { capture: true, signal: listening.signal });
  const tooLarge = (file) => file.size > data.most;

  listen("change", (event) => {
    const files = [...(event.target.files ?? [])];
    if (!files.some(tooLarge)) return;
    event.stopImmediatePropagation();
    setTriggerValue("refused", files.filter(tooLarge).map(({ name, size }) => ({ name, size })));
    // Later, because an uploader loses what it is given while the trigger's run begins.
    const [input, rest] = [event.target, files.filter((file) => !tooLarge(file))];
    setTimeout(() => hand(rest, input.isConnected ? input : undefined), 1000);
  });
  listen("paste", (event) => {
    // On Teach, to the class under the pointer or with the focus.
    const here = [":hover", ":focus-within"].map((state) => `[class*="st-key-teach-class-"]${state} input[type="file"]`);
    const near = document.querySelector(here.join()) ?? undefined;
    if (hand([...(event.clipboardData?.files ?? [])], near)) event.preventDefault();
  });
  listen("dragover", (event) => {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  });
  listen("drop", (event) => {
    const files = [...(event.dataTransfer?.files ?? [])];
    const zone = event.target.closest?.('[data-testid="stFileUploaderDropzone"]');
    // An uploader takes what is dropped on itself, but what is too large it would refuse without a sentence.
    if (files.length === 0 || (zone && !files.some(tooLarge))) return;
    event.preventDefault();
    event.stopPropagation();
    zone?.dispatchEvent(new DragEvent("dragleave", { bubbles: true }));
    hand(files, zone?.querySelector('input[type="file"]') ?? undefined);
  });
  window.squeezeLab.listens = true;
  return () => listening.abort();
}
