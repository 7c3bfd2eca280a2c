// What a page says in its own address replaces it: Back leads to the page before, not to a setting before.
{
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  history.pushState = (state, title, address) => {
    const same = address != null && new URL(address, location.href).pathname === location.pathname;
    (same ? replace : push)(state, title, address);
  };
}
// After a server was away the page is as it was, but a server that was started anew knows nothing of it.
{
  let opened = false;
  const Own = window.WebSocket;
  window.WebSocket = class extends Own {
    constructor(...given) {
      super(...given);
      if (!String(given[0]).includes("/_stcore/stream")) return;
      this.addEventListener("open", () => {
        if (opened) setTimeout(() => document.dispatchEvent(new Event("squeeze-lab-reconnected")), 1000);
        opened = true;
      });
    }
  };
}
