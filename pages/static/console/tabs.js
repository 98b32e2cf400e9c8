// Keeps the tab that is shown in the address's fragment, which Gradio's tabs do not: reloading the page, going back and
// forward, and a link such as /#prompts open it. `shown` is what the reader sees, "chat,knowledge,…" (pages/console_tabs.py).
(() => {
  "use strict";

  const asked = () => location.hash.slice(1);
  // Without a fragment it is the first one.
  const current = (shown) => (shown.includes(asked()) ? asked() : shown[0]);

  window.xiaoqTabs = {
    asked,

    // Somebody chose a tab, or the page did, which the address says already. Before the page is fitted nobody has.
    chosen(tab, told) {
      const shown = told ? told.split(",") : [];
      if (shown.includes(tab) && tab !== current(shown)) history.pushState(null, "", `#${tab}`);
    },

    // To the sign-in page, and from there back to this tab.
    signIn() {
      location.assign(`/login?next=${encodeURIComponent(`/${location.hash}`)}`);
    },

    // The tab of the address, as an update of Gradio's tabs.
    wanted(told) {
      return { __type__: "update", ...(told && { selected: current(told.split(",")) }) };
    },
  };
})();
