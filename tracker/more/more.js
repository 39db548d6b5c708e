// What a page does not need in order to show: loaded behind it, for every tracker that waits in Trackr.more.

const takeUp = ({ options, record, view, telling, sender, post, waiting, failing }) => {
  const say = what => options.debug && console.debug("trackr", what);
  const guarded = work => (...values) => {
    try {
      return work(...values);
    } catch (error) {
      say(error);
    }
  };
  const on = (target, name, work, how) => target.addEventListener(name, guarded(work), how);
  const meta = name => document.querySelector(`meta[name="${name}"]`)?.content || "";
  const short = text => String(text).slice(0, 500).replace(/[\0\p{Cs}]/gu, "");

  /* modules */

  [trackEngagement, trackVitals, trackLinks, trackForms, trackNotFound, trackInterests, trackReturn, trackHistory, keepOffline]
    .forEach(work => guarded(work)());
};

const trackers = window.Trackr.more;
trackers.splice(0).forEach(takeUp);
trackers.push = takeUp;
