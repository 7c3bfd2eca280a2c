// Uploaded pictures stay in this browser for an hour, for this tab alone: after a reload of the page or a
// restart of the server they are offered again.
const HOUR = 3600e3;
const MOST = 20;
const MOST_BYTES = 60e6;
const UPLOADER = '.st-key-tray input[type="file"]';
const DROP_ZONE = '.st-key-tray [data-testid="stFileUploaderDropzone"]';

let session = null;
let offering = false;

const tab = (sessionStorage.squeezeLabTab ??= crypto.randomUUID?.() ?? String(Math.random()));

const answered = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

let opening;
const pictures = async (mode) => {
  opening ??= (() => {
    const request = indexedDB.open("squeeze-lab", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("pictures", { keyPath: "id", autoIncrement: true });
    return answered(request);
  })();
  return (await opening).transaction("pictures", mode).objectStore("pictures");
};

// This tab's pictures, oldest first; those that are too old are deleted, whichever tab stored them.
const stored = async () => {
  const store = await pictures("readwrite");
  const rows = await answered(store.getAll());
  const fresh = rows.filter((row) => row.at > Date.now() - HOUR);
  rows.filter((row) => !fresh.includes(row)).forEach((row) => store.delete(row.id));
  return fresh.filter((row) => row.tab === tab);
};

const forget = async (gone) => {
  const rows = (await stored()).filter(gone);
  const store = await pictures("readwrite");
  rows.forEach((row) => store.delete(row.id));
};

const keep = async (files) => {
  const rows = await stored();
  const store = await pictures("readwrite");
  const same = (row, file) =>
    row.file.name === file.name && row.file.size === file.size && row.file.lastModified === file.lastModified;
  let room = MOST_BYTES - rows.reduce((sum, row) => sum + row.file.size, 0);
  let places = MOST - rows.length;
  for (const file of files) {
    if (rows.some((row) => same(row, file)) || file.size > room || places < 1) continue;
    room -= file.size;
    places -= 1;
    store.add({ tab, file, at: Date.now() });
  }
};

// Out of sight it takes no room: the page's own style hides what Streamlit puts round it.
const show = (bar, shown) => {
  bar.getRootNode().host.closest(".st-key-tray-restore").style.display = shown ? "flex" : "none";
};

const offer = async (bar) => {
  const rows = await stored();
  show(bar, offering && rows.length > 0);
  const what = rows.length === 1 ? `Your picture ${rows[0].file.name} is` : `Your ${rows.length} pictures are`;
  bar.querySelector("span").textContent = `This page was reloaded. ${what} still in this browser.`;
  const [back, away] = bar.querySelectorAll("button");
  const them = rows.length === 1 ? "it" : "them";
  back.textContent = `Restore ${them}`;
  away.textContent = `Forget ${them}`;
  const settled = () => {
    offering = false;
    show(bar, false);
  };
  back.onclick = () => {
    settled();
    window.squeezeLab.hand(rows.map((row) => row.file));
  };
  away.onclick = () => {
    settled();
    forget(() => true);
  };
};

// A browser that stores nothing, such as a private window, has nothing to restore.
const quietly = (work) => work.catch(() => {});

// A new upload settles the question: earlier pictures are no longer offered.
const uploaded = (files) => {
  offering = false;
  quietly(keep([...files]));
};

document.addEventListener("change", (event) => event.target.matches?.(UPLOADER) && uploaded(event.target.files), true);
document.addEventListener(
  "drop",
  (event) => event.target.closest?.(DROP_ZONE) && uploaded(event.dataTransfer?.files ?? []),
  true,
);

export default function ({ parentElement, data }) {
  const bar = parentElement.querySelector(".offer");
  if (data.session !== session) {
    session = data.session;
    offering = true;
  }
  offering &&= data.names.length === 0;
  // On every run, because the bar may be a new element.
  if (offering) quietly(offer(bar));
  else show(bar, false);
  if (data.gone.length) quietly(forget((row) => data.gone.includes(row.file.name)));
}
