// Aktivat's tracker: window.Trackr. See docs/tracker.md.
(function (window, document) {
  "use strict";

  var DEFAULTS = {
    trackrClass: "track-it",
    serverUrl: (/^https?:\/\/[^/]+/.exec((document.currentScript || location).src) || [location.origin])[0],
    sessionCookieName: "trackit_session",
    v_visitorCookieName: "trackit_v_visitor",
    visitorCookieName: "trackit_visitor",
    loadstartvariable: "trackrloadstart",
    tabIdPrefix: "trackit_tab_",
    trackTabs: true
  };
  var SECOND = 1000;
  var SESSION = 1800 * SECOND;
  var THIRTEEN_MONTHS = 395 * 24 * 3600 * SECOND;
  var BATCH = 20;
  var KEPT = 500;
  var UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
  var LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(^|[^\ud800-\udbff])[\udc00-\udfff]/g;

  // The page must never notice a fault of ours.
  function guarded(work) {
    return function (value) {
      try {
        return work(value);
      } catch (error) {
        console.debug("trackr", error);
      }
    };
  }

  function on(target, name, work, how) {
    target.addEventListener(name, guarded(work), how);
  }

  // crypto.randomUUID is missing without HTTPS.
  function uuid() {
    var random = window.crypto ? crypto.getRandomValues(new Uint8Array(36)) : [];
    return "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, function (x, at) {
      return ((at in random ? random[at] : Math.random() * 16) & 15).toString(16);
    });
  }

  // NUL and half a character would cost the whole batch.
  function clean(text) {
    return text.slice(0, 500).replace(/\0/g, "").replace(LONE_SURROGATE, "$1");
  }

  // Ids live in cookies, or for this page in memory where the browser refuses those.
  var memory = {};

  function cookie(name) {
    return document.cookie.split("; ").reduce(function (found, pair) {
      return pair.indexOf(name + "=") ? found : pair.slice(name.length + 1);
    }, "");
  }

  function remembered(name) {
    var kept = memory[name];
    if (kept) return kept.until > Date.now() ? kept.value : "";
    return guarded(cookie)(name) || "";
  }

  function remember(name, value, time) {
    guarded(function () {
      document.cookie = name + "=" + value + "; path=/; max-age=" + time / SECOND + "; SameSite=Lax" +
        (location.protocol === "https:" ? "; Secure" : "");
    })();
    memory[name] = guarded(cookie)(name) === value ? null : { value: value, until: Date.now() + time };
  }

  function virtualVisitor(name) {
    var id = remembered(name);
    if (!UUID.test(id)) remember(name, id = uuid(), THIRTEEN_MONTHS);
    return id;
  }

  // The cookie holds the session and, behind a dot, the mark of the campaign it began with.
  // A page that starts under another campaign starts another session.
  function session(name, campaign) {
    var kept = remembered(name).split(".");
    if (!UUID.test(kept[0]) || (campaign && campaign !== kept[1])) kept = campaign ? [uuid(), campaign] : [uuid()];
    remember(name, kept.join("."), SESSION);
    return kept[0];
  }

  function campaignMark() {
    var text = (location.search.match(/[?&]utm_(source|campaign)=[^&]+/g) || []).join("").replace(/[?&]/g, "");
    for (var sum = 0, i = 0; i < text.length; i++) sum = (sum * 33 + text.charCodeAt(i)) >>> 0;
    return sum ? sum.toString(36) : "";
  }

  function tab(prefix) {
    var name = window.name;
    if (name.length > prefix.length && !name.indexOf(prefix)) return clean(name.slice(prefix.length)).slice(0, 64);
    var id = uuid().slice(24);
    // A name that the page gave its window stays.
    if (!name) window.name = prefix + id;
    return id;
  }

  function bodyOf(sender, taken) {
    return JSON.stringify(Object.assign({}, sender, {
      session: taken[0].session,
      sent: Date.now(),
      events: taken.map(function (item) { return item.event; })
    }));
  }

  // A string goes as text/plain, without a preflight. Browsers refuse keepalive above 64 KB.
  function post(address, text) {
    var keepalive = text.length < 20000;
    return fetch(address, { method: "POST", body: text, keepalive: keepalive, credentials: "omit", mode: "cors" });
  }

  // One request at a time; events stay in `waiting` until the server has them.
  function makeDelivery(address, sender) {
    var waiting = [], sending, timer, delivery;

    // The oldest events of one session.
    function take() {
      var size = 1;
      while (size < BATCH && waiting[size] && waiting[size].session === waiting[0].session) size++;
      return waiting.splice(0, size);
    }

    function later(delay) {
      if (timer || sending || delivery.held || !waiting.length) return;
      timer = setTimeout(guarded(flush), delay);
    }

    function flush() {
      timer = 0;
      sending = take();
      new Promise(function (resolve) { resolve(post(address, bodyOf(sender, sending))); }).then(guarded(function (response) {
        done(/^(5..|408|429)$/.test(response.status));
      }), guarded(done));
    }

    function done(failed) {
      if (failed) waiting = sending.concat(waiting);
      sending = 0;
      delivery.pause = failed ? Math.min(delivery.pause * 2 || SECOND, 60 * SECOND) : 0;
      later(delivery.pause);
    }

    return delivery = {
      held: true,
      pause: 0,
      add: function (session, event) {
        waiting = waiting.concat({ session: session, event: event }).slice(-KEPT);
        later(SECOND);
      },
      release: function () {
        delivery.held = false;
        later(SECOND);
      },
      // The page may not come back: all that waits goes out now, and nobody hears the answer.
      leave: function () {
        clearTimeout(timer);
        timer = delivery.held = 0;
        while (waiting.length) {
          var text = bodyOf(sender, take());
          if (!navigator.sendBeacon || !navigator.sendBeacon(address, text)) post(address, text).catch(function () {});
        }
      }
    };
  }

  function trackedElement(node, classes) {
    for (; node && node.classList; node = node.parentNode) {
      if (classes.some(function (name) { return node.classList.contains(name); })) return node;
    }
  }

  function attributesOf(element) {
    var attributes = {};
    ["type", "label", "position"].forEach(function (key) {
      var value = element.getAttribute("data-trackr-" + key);
      if (value !== null) attributes[key] = clean(value);
    });
    return attributes;
  }

  function start(options) {
    // Events are numbered in a queue of this page, so that what is sent twice counts once.
    var number = 0;
    var sender = {
      account: options.account,
      visitor: virtualVisitor(options.v_visitorCookieName),
      queue: uuid().slice(24),
      language: clean(navigator.language || ""),
      screen: screen.width + "x" + screen.height
    };
    var address = options.serverUrl.replace(/\/+$/, "") + "/track/it?account=" + encodeURIComponent(options.account);
    if (options.trackTabs) sender.tab = tab(options.tabIdPrefix);
    if (options.property) {
      sender.property = options.property;
      address += "&property=" + encodeURIComponent(options.property);
    }
    var delivery = makeDelivery(address, sender);

    function record(name, attributes, campaign) {
      delivery.add(session(options.sessionCookieName, campaign), {
        n: number++,
        name: name,
        at: Date.now(),
        url: location.href.split("#")[0].slice(0, 2000),
        referrer: document.referrer.slice(0, 2000),
        title: clean(document.title),
        attributes: attributes
      });
    }

    trackLoad(delivery, record, window[options.loadstartvariable]);
    trackElements(record, options.trackrClass.split(/\s+/));
    trackLeaving(delivery, record);
  }

  // The pageview, and all behind it, is held until the page has loaded and the time is known.
  function trackLoad(delivery, record, begun) {
    var attributes = {};

    function loaded(end) {
      if (!delivery.held) return;
      if (end >= begun) attributes.load_ms = Math.round(end - begun);
      delivery.release();
    }

    record("pageview", attributes, campaignMark());
    if (document.readyState === "complete") loaded(performance.timing.loadEventEnd || Date.now());
    on(window, "load", function () { loaded(Date.now()); });
    setTimeout(guarded(loaded), 30 * SECOND);
  }

  // Capturing, because focus and blur do not bubble. Moving about inside an element is not entering it.
  function trackElements(record, classes) {
    ["mouseover", "click", "focus", "blur"].forEach(function (name) {
      on(document, name, function (event) {
        var element = trackedElement(event.target, classes);
        if (!element || (name !== "click" && element.contains(event.relatedTarget))) return;
        record(name, attributesOf(element));
      }, true);
    });
  }

  function trackLeaving(delivery, record) {
    // While the server fails, a hidden page keeps its events and tries again.
    on(document, "visibilitychange", function () {
      if (document.visibilityState === "hidden" && !delivery.pause) delivery.leave();
    });
    on(window, "pagehide", delivery.leave);
    // Back to a page that the browser had kept as it was: seen once more.
    on(window, "pageshow", function (event) {
      if (event.persisted) record("pageview", {});
    });
  }

  window.Trackr = function (options) {
    var begin = guarded(function () { start(Object.assign({}, DEFAULTS, options)); });
    // A page that the browser only prepares has no visitor yet.
    if (document.prerendering) on(document, "prerenderingchange", begin);
    else begin();
  };
})(window, document);
