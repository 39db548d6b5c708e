// How much of a page was looked at: time in sight, how far down, and how many keys; never which.

const LEAST_MS = 500;

const trackEngagement = () => {
  let since = 0, visible = 0, furthest = 0, keys = 0;

  const look = () => {
    const now = Date.now();
    if (since) visible += now - since;
    since = document.visibilityState === "hidden" ? 0 : now;
  };

  // Heights are asked for only when they are told: asking makes the browser lay out the page.
  const scrolled = () => {
    const page = document.documentElement;
    const seen = (furthest + page.clientHeight) / Math.max(page.scrollHeight, page.clientHeight, 1);
    return Math.min(100, Math.round(seen * 100));
  };

  const goDown = () => { furthest = Math.max(furthest, window.pageYOffset); };

  look();
  telling.push(leaves => {
    look();
    goDown();
    if (visible >= LEAST_MS || keys) {
      record("engagement", { visible_ms: visible, scroll: scrolled(), ...keys && { keys } });
      visible = keys = 0;
    }
    if (leaves) since = 0;
    else furthest = 0;
  });
  on(document, "visibilitychange", look);
  on(window, "scroll", goDown, { passive: true });
  on(document, "keydown", () => { keys++; }, true);
};
