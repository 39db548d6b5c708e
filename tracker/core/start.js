// The page's own life, from loading to leaving.

const leave = forGood => {
  tell(true);
  // While the server fails, a hidden page keeps its events and tries again.
  if (forGood || !pause) beacon();
};

// The page view and all behind it is held until the page has loaded and the time is known.
const start = () => {
  const attributes = {}, { timing } = performance;
  const loaded = end => {
    const begun = window[options.loadstartvariable] || timing.navigationStart;
    if (!waitsForPage) return;
    if (end >= begun) attributes.load_ms = Math.round(end - begun);
    waitsForPage = false;
    later();
    if (options.trackMore !== false) loadMore();
  };

  view(attributes);
  if (document.readyState === "complete") loaded(timing.loadEventEnd || Date.now());
  on(window, "load", () => loaded(Date.now()));
  setTimeout(guarded(loaded), 3e4);
  trackElements();
  on(document, "visibilitychange", () => document.visibilityState === "hidden" && leave());
  on(window, "pagehide", leave);
};

// What a page does not need in order to show. It takes up what it finds in Trackr.more.
const loadMore = () => {
  const element = document.createElement("script");
  Trackr.more.push({
    options, record, view, telling, sender, post, waiting, failing: () => pause || !navigator.onLine
  });
  element.src = (script.src || server + "/js/trackr.js").replace(/\.js(\?.*)?$/, "-more.js");
  element.nonce = script.nonce;
  document.head.append(element);
};

for (const name in calls) this[name] = guarded(calls[name]);
// trackr.push(["trackEvent", "name"]) works on a plain array as well, before this file is there.
this.push = ([name, ...given]) => this[name]?.(...given);

// A page that the browser only prepares has no visitor yet.
if (document.prerendering) {
  on(document, "prerenderingchange", () => {
    options.consent || consent(true);
    start();
  });
} else start();
early?.forEach?.(this.push);
