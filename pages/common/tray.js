// Pictures pasted or dropped anywhere on the page go to the tray's own uploader.
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

  document.addEventListener("paste", paste);
  document.addEventListener("dragover", over);
  document.addEventListener("drop", drop);
  return () => {
    document.removeEventListener("paste", paste);
    document.removeEventListener("dragover", over);
    document.removeEventListener("drop", drop);
  };
}
