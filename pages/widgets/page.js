// What the browser does by itself, on every page: pictures pasted or dropped anywhere go to the tray's
// own uploader, and a chart's PNG button saves what is drawn.
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
