// What a page says in its own address replaces it: Back leads to the page before, not to a setting before.
{
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  history.pushState = (state, title, address) => {
    const same = address != null && new URL(address, location.href).pathname === location.pathname;
    (same ? replace : push)(state, title, address);
  };
}
