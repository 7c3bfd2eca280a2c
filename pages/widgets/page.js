// The browser's part of every page: pictures pasted or dropped anywhere go to the tray's uploader, a chart's
// PNG button saves what is drawn, Back leads to the page before, and a phone's menu closes.

if (!window.squeezeLab) {
  window.squeezeLab = true;

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
}

export default function () {
  const uploader = () => document.querySelector('.st-key-tray input[type="file"]');

  const hand = (files) => {
    const input = uploader();
    if (!input || files.length === 0) return false;
    const transfer = new DataTransfer();
    files.forEach((file) => transfer.items.add(file));
    input.files = transfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  };

  const paste = (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (hand(files)) event.preventDefault();
  };
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  const over = (event) => {
    if (holdsFiles(event)) event.preventDefault();
  };
  const drop = (event) => {
    // An uploader takes what is dropped on itself.
    if (!holdsFiles(event) || event.target.closest?.('[data-testid="stFileUploaderDropzone"]')) return;
    event.preventDefault();
    hand([...event.dataTransfer.files]);
  };

  // The chart's own button is out of sight, because it would lie over the chart's numbers.
  const save = (event) => {
    const holder = event.target.closest?.('[class*="st-key-png-"]');
    const name = holder?.className.match(/st-key-png-(\S+)/)?.[1];
    const own = name && document.querySelector(`.st-key-chart-${name} .modebar-btn`);
    if (!own) return;
    event.preventDefault();
    event.stopPropagation();
    own.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  };

  document.addEventListener("click", save, true);
  document.addEventListener("paste", paste);
  document.addEventListener("dragover", over);
  document.addEventListener("drop", drop);
  return () => {
    document.removeEventListener("click", save, true);
    document.removeEventListener("paste", paste);
    document.removeEventListener("dragover", over);
    document.removeEventListener("drop", drop);
  };
}
