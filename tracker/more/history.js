// Pages that are shown without being loaded.

// Back to a page that the browser had kept as it was: seen once more.
const trackReturn = () => on(window, "pageshow", event => event.persisted && view());

const address = () => location.href.split("#")[0];

// An application that changes the address shows another page. Its title comes a moment later.
const trackHistory = () => {
  if (!options.trackHistory) return;
  let shown = address();
  const changed = () => setTimeout(guarded(() => {
    if (shown === address()) return;
    shown = address();
    view();
  }), 50);
  ["pushState", "replaceState"].forEach(name => {
    const own = history[name];
    history[name] = (...given) => {
      own.apply(history, given);
      changed();
    };
  });
  on(window, "popstate", changed);
};
