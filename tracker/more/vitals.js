// Web vitals, told once a page load, when it is first left. How each is defined: web.dev/articles/vitals.

const LAYOUT_GAP_MS = 1000;
const LAYOUT_BURST_MS = 5000;
const LONGEST_KEPT = 10;

const observe = (type, each, more) => guarded(() => {
  new PerformanceObserver(list => list.getEntries().forEach(guarded(each))).observe({ type, buffered: true, ...more });
})();

// The worst burst of layout shifts: they are less than a second apart, and five seconds long at most.
const layoutShift = () => {
  let worst = 0, burst = 0, first = 0, last = 0;
  observe("layout-shift", ({ hadRecentInput, startTime, value }) => {
    if (hadRecentInput) return;
    if (startTime - last > LAYOUT_GAP_MS || startTime - first > LAYOUT_BURST_MS) {
      burst = 0;
      first = startTime;
    }
    last = startTime;
    worst = Math.max(worst, burst += value);
  });
  return () => Math.round(worst * 1000) / 1000;
};

// The longest interaction; of fifty the longest but one, and so on.
const slowestInteraction = () => {
  const longest = new Map(), known = new Set();
  const inOrder = () => [...longest].sort((one, other) => other[1] - one[1]);
  observe("event", ({ interactionId, duration }) => {
    if (!interactionId) return;
    known.add(interactionId);
    longest.set(interactionId, Math.max(longest.get(interactionId) || 0, duration));
    if (longest.size > LONGEST_KEPT) longest.delete(inOrder()[LONGEST_KEPT][0]);
  }, { durationThreshold: 40 });
  return () => {
    const place = Math.floor((performance.interactionCount || known.size) / 50);
    return inOrder()[Math.min(place, longest.size - 1)]?.[1];
  };
};

const trackVitals = () => {
  const found = {}, cls = layoutShift(), inp = slowestInteraction();
  let told = false;
  observe("largest-contentful-paint", entry => { found.lcp_ms = entry.startTime; });
  observe("paint", entry => { if (entry.name === "first-contentful-paint") found.fcp_ms = entry.startTime; });
  observe("navigation", entry => { found.ttfb_ms = entry.responseStart; });

  telling.push(() => {
    if (told || !found.fcp_ms) return;
    told = true;
    const vitals = { ...found, inp_ms: inp() };
    for (const name in vitals) {
      if (vitals[name] >= 0) vitals[name] = Math.round(vitals[name]);
      else delete vitals[name];
    }
    record("web_vitals", { ...vitals, cls: cls() });
  });
};
