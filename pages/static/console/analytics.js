// The Analytics tab: the original of a transcript, shown for a reason and taken off the page again.
// It stands in the page's tree alone, never in Gradio's values; pages/analytics_unmask.py makes it.
(() => {
  "use strict";

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  let original = null;
  let masked = null;
  let asking = null;

  // A tab that is left has no size any more, in whatever way it was left.
  const seen = new ResizeObserver((entries) => {
    if (entries.some(({ target }) => target === original && !target.getClientRects().length)) mask();
  });

  const mask = () => {
    asking?.abort();
    original?.remove();
    if (masked) masked.hidden = false;
    asking = original = masked = null;
    seen.disconnect();
  };

  const show = (form, html) => {
    masked = form.closest(".xq-transcript");
    form.reset();
    form.closest("details").open = false;
    original = document.createElement("div");
    original.innerHTML = html;
    masked.after(original);
    masked.hidden = true;
    seen.observe(original);
    original.querySelector("[tabindex]").focus();
  };

  const refuse = (form, sentence) => {
    form.querySelector("[role=alert]").textContent = sentence;
    form.elements.reason.setAttribute("aria-invalid", "true");
    form.elements.reason.focus();
  };

  const ask = async (form) => {
    mask();
    const current = (asking = new AbortController());
    form.querySelector("[role=alert]").textContent = "";
    form.elements.reason.removeAttribute("aria-invalid");
    const sent = { conversation: form.dataset.conversation, reason: form.elements.reason.value };
    try {
      const response = await fetch("/analytics/unmask", {
        method: "POST",
        headers: { "content-type": "application/json", "x-time-zone": zone },
        body: JSON.stringify(sent),
        signal: current.signal,
      });
      if (response.status === 401) return window.xiaoqTabs.signIn();
      const told = response.ok ? await response.text() : (await response.json()).error.message;
      if (current.signal.aborted || !form.isConnected) return;
      if (response.ok) show(form, told);
      else refuse(form, told);
    } catch {
      if (!current.signal.aborted) refuse(form, form.dataset.failed);
    }
  };

  document.addEventListener("submit", (event) => {
    if (!event.target.matches(".xq-unmask form")) return;
    event.preventDefault();
    ask(event.target);
  });
  document.addEventListener(
    "click",
    ({ target }) => {
      if (target.closest("[data-mask]")) {
        const summary = masked?.querySelector(".xq-unmask summary");
        mask();
        summary?.focus();
      } else if (target.closest("#xq-conversations [data-value], #xq-refresh, [role=tab]")) mask();
    },
    true,
  );
  // The browser may keep the page for its way back.
  window.addEventListener("pagehide", mask);
})();
