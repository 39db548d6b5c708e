// window.Trackr. The other modules are put into its middle, so each tracker of a page has its own of all.

const script = document.currentScript || {};

const DEFAULTS = {
  trackrClass: "track-it",
  serverUrl: new URL(script.src || location).origin,
  collectPath: "/track/it",
  sessionCookieName: "trackit_session",
  v_visitorCookieName: "trackit_v_visitor",
  visitorCookieName: "trackit_visitor",
  loadstartvariable: "trackrloadstart",
  tabIdPrefix: "trackit_tab_",
  trackTabs: true
};

function Trackr(given) {
  const options = { ...DEFAULTS, ...given }, early = window.trackr;

  // The page must never notice a fault of ours.
  const say = what => options.debug && console.debug("trackr", what);
  const guarded = work => (...values) => {
    try {
      return work(...values);
    } catch (error) {
      say(error);
    }
  };
  const on = (target, name, work, capturing) => target.addEventListener(name, guarded(work), capturing);

  guarded(() => {
    /* modules */
  })();
}

Trackr.more = [];
window.Trackr = Trackr;

// <script defer src="…/js/trackr.js?account=7"></script> needs no other line.
const inAddress = {};
new URL(script.src || location).searchParams.forEach((value, name) => {
  inAddress[name] = value === "true" || value !== "false" && value;
});
if (script.src && inAddress.account) window.trackr = new Trackr(inAddress);
